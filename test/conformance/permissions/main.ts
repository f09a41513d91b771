/** Attempts to cross permissions, by command. Usage: `npm run permissions:proof [-- --versions 2.22.5,3.18.0]`. Exit 1 when anything crosses or a seeded mistake is missed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStage } from '../../../scripts/cleanup.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'
import { versions } from '../../../src/mlflow/versions.js'
import { ruleOf } from '../../../src/permissions/rules.js'
import { aimsOf, isOfMlflow, openFacade, tryToCross, withoutRule } from './proof.js'
import { makeTeam } from './team.js'

const { values } = parseArgs({
  options: { versions: { type: 'string', default: versions.join(',') }, only: { type: 'string' }, short: { type: 'boolean', default: false } }
})
const print = (line: string): void => { process.stdout.write(`${line}\n`) }
let crossed = 0
let missed = 0
for (const version of values.versions.split(',')) {
  const stage = openStage()
  const dir = mkdtempSync(join(tmpdir(), 'permissions-mlflow-'))
  stage.teardown(() => rmSync(dir, { recursive: true, force: true }))
  try {
    const mlflow = await startMlflow(stage, { version, dir })
    const facade = await openFacade(stage, mlflow.url)
    const aims = aimsOf(version).filter(({ id }) => values.only === undefined || values.only.split(',').includes(id))
    const own = await makeTeam(mlflow.url, version, 'team-a')
    const foreign = await makeTeam(mlflow.url, version, 'team-b')
    const { attempts, crossings } = await tryToCross(facade, aims, own, foreign, values.short)
    crossed += crossings.length
    print(`MLflow ${version}: ${aims.length} operations, ${attempts} attempts, crossings ${crossings.length}`)
    for (const crossing of crossings.slice(0, 40)) print(`     ${crossing}`)

    let seen = 0
    const unseen: string[] = []
    let told = 0
    const bound = aims.filter(aim => !('open' in ruleOf(aim)))
    for (const [index, aim] of bound.entries()) {
      // What a write has done to them must not hide what the next one does
      const theirs = aim.class === 'read' ? foreign : await makeTeam(mlflow.url, version, 'team-b', `m${index}`)
      const { crossings: found } = await withoutRule(aim, async () => await tryToCross(facade, [aim], own, theirs, true))
      if (found.length === 0) unseen.push(aim.id)
      else seen++
      if (found.some(isOfMlflow)) told++
    }
    missed += unseen.length
    print(`MLflow ${version}: rules put out of force, one at a time, and seen: ${seen} of ${bound.length} (${told} in what MLflow then holds or tells)${unseen.length === 0 ? '' : `; not seen: ${unseen.join(' ')}`}`)
  } finally {
    await stage.clear()
  }
}
print(`crossings ${crossed}`)
process.exitCode = crossed + missed === 0 ? 0 : 1
