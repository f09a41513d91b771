/** The configuration as commands get it: from their environment and this machine's files. */
import { readFileSync } from 'node:fs'
import { type Config, loadConfig } from '../core/settings/config.js'
import type { Io } from '../core/io.js'

/** @throws ConfigError */
export function readConfig (io: Pick<Io, 'env'>): Config {
  return loadConfig(io.env, path => readFileSync(path, 'utf8'))
}
