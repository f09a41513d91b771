/** Calls every operation on a real MLflow through the facade, and holds all that is sent and answered against the document. */
import { edition, type Document } from '../../../src/endpoints/openapi/document.js'
import { readDocuments } from '../../../src/endpoints/openapi/files.js'
import { openCaller, type Around, type Caller, type Exchange } from '../../../scripts/generate/openapi/caller.js'
import { openContract } from '../../../scripts/generate/openapi/contract.js'
import { evaluation } from './scenario/evaluation.js'
import { gateway } from './scenario/gateway.js'
import { keys } from './scenario/keys.js'
import { mcp } from './scenario/mcp.js'
import { registry } from './scenario/registry.js'
import { demo, jobs, server, workspaces } from './scenario/server.js'
import { skills } from './scenario/skills.js'
import { direct, proxied } from './scenario/storage.js'
import { traces } from './scenario/traces.js'
import { tracking } from './scenario/tracking.js'
import { startStorage, type Storage } from './storage.js'
import { openWorld, type World, type WorldOptions } from './world.js'

export interface Truth {
  readonly version: string
  readonly document: Document
  readonly exchanges: readonly Exchange[]
  /** Operations of the document that were not called. */
  readonly missed: readonly string[]
  /** Where servers kept their files. */
  readonly folders: readonly string[]
}

export interface TruthOptions {
  /** Is told of each call. */
  readonly report?: (exchange: Exchange) => void
  /** Looks on, in each world. */
  readonly watch?: (world: World, storage: Storage) => Around
}

/** Two servers, one after the other: workspaces and signed URLs need one that is started for them, with a cloud storage behind. */
export async function findTruth (version: string, { report, watch }: TruthOptions = {}): Promise<Truth> {
  const { newest, older } = readDocuments()
  const document = edition(newest, older, version)
  const contract = openContract(document)
  const exchanges: Exchange[] = []
  const folders: string[] = []
  const storage = await startStorage(version)
  const { bucket, env, close } = storage
  try {
    await inWorld({ env }, async (world, caller) => await playAlone(world, caller, bucket))
    const args = ['--artifacts-destination', `${bucket}/proxied`, ...contract.operations.has('createWorkspace') ? ['--enable-workspaces'] : []]
    await inWorld({ args, env: { ...env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' } }, async (_world, caller) => await playTogether(caller))
  } finally {
    await close()
  }
  const called = new Set(exchanges.map(({ id }) => id))
  return { version, document, exchanges, missed: [...contract.operations.keys()].filter(id => !called.has(id)), folders }

  async function inWorld (options: WorldOptions, play: (world: World, caller: Caller) => Promise<void>): Promise<void> {
    const world = await openWorld(version, options)
    folders.push(world.dir)
    const caller = openCaller({ url: world.url, key: world.key, contract, version, ...report === undefined ? {} : { report }, ...watch === undefined ? {} : { around: watch(world, storage) } })
    try {
      await play(world, caller)
    } finally {
      exchanges.push(...caller.records)
      await world.close()
    }
  }
}

/** All that needs no flag. */
async function playAlone (world: World, caller: Caller, bucket: string): Promise<void> {
  const tracked = await tracking(caller)
  await registry(caller, tracked, `${world.provider}/hook`)
  const traced = await traces(caller, tracked)
  const scorerId = await evaluation(caller, tracked, traced)
  await mcp(caller)
  await skills(caller)
  await gateway(caller, tracked, scorerId, world.provider)
  await server(caller, tracked)
  await keys(caller)
  await jobs(caller, tracked, traced)
  await demo(caller)
  await direct(caller, bucket)
}

/** With workspaces where MLflow has them, and all artifacts in a cloud storage. */
async function playTogether (caller: Caller): Promise<void> {
  await workspaces(caller)
  await proxied(caller)
}
