/** The resources of a Terraform plan or state: what `terraform show -json` prints, or a state file itself. */
import { complain, listOf, member, objectOf, optionalText, type Cursor } from '../cursor.js'
import { createConfiguration, type Configuration } from './references.js'

/** An instance of a resource, or of a data source. */
export interface Resource {
  readonly address: string
  /** Address of its module, empty for the root. */
  readonly module: string
  readonly type: string
  readonly name: string
  /** Such as `["https"]`, empty where there is none. */
  readonly index: string
  readonly isData: boolean
  /** Its values; the place is its address. */
  readonly values: Cursor
}

export interface Plan {
  readonly resources: readonly Resource[]
  readonly configuration: Configuration
  /** What of a resource is not known before the plan is applied (`after_unknown`), by address. */
  readonly pending: ReadonlyMap<string, Readonly<Record<string, unknown>>>
  /** Whether this is what will be, and not what is. */
  readonly isPlan: boolean
}

/** @throws InputError for what has neither planned values nor a state */
export function readPlan (document: Cursor): Plan {
  const planned = member(document, 'planned_values')
  if (planned.value === undefined) return existing(document)
  const configuration = member(document, 'configuration')
  return {
    // A plan has the data sources that are read already in the state before it.
    resources: [...resourcesOf(member(planned, 'root_module'), ''), ...priorResources(document).filter(({ isData }) => isData)],
    configuration: createConfiguration(configuration.value === undefined ? undefined : member(configuration, 'root_module').value),
    pending: new Map(listOf(member(document, 'resource_changes')).flatMap(pendingOf)),
    isPlan: true
  }
}

/** What a plan found before it: no resources where there was nothing. */
export function readPrior (document: Cursor): Plan {
  return stateOf(priorResources(document))
}

/** A state, as Terraform prints it or as it keeps it. */
function existing (document: Cursor): Plan {
  if (isStateFile(document)) return stateOf(listOf(member(document, 'resources')).flatMap(storedOf))
  const values = member(document, 'values')
  if (values.value === undefined) {
    complain(document, 'it has neither planned_values nor values: an empty state, or not what terraform show -json prints')
  }
  return stateOf(resourcesOf(member(values, 'root_module'), ''))
}

/** A `terraform.tfstate`, which is not meant for others but is what people have. */
export function isStateFile (document: Cursor): boolean {
  const object = objectOf(document)
  return 'lineage' in object || ('resources' in object && 'version' in object && 'terraform_version' in object)
}

function stateOf (resources: readonly Resource[]): Plan {
  return { resources, configuration: createConfiguration(undefined), pending: new Map(), isPlan: false }
}

function priorResources (document: Cursor): readonly Resource[] {
  const prior = member(document, 'prior_state')
  const values = prior.value === undefined ? prior : member(prior, 'values')
  return values.value === undefined ? [] : resourcesOf(member(values, 'root_module'), '')
}

function resourcesOf (module: Cursor, path: string): readonly Resource[] {
  if (module.value === undefined) return []
  const own = listOf(member(module, 'resources')).flatMap(cursor => {
    const [address, type, name] = ['address', 'type', 'name'].map(field => optionalText(member(cursor, field)) ?? '')
    if (address === undefined || type === undefined || name === undefined) return []
    const index = /\[[^\]]*\]$/.exec(address)?.[0] ?? ''
    const isData = optionalText(member(cursor, 'mode')) === 'data'
    return [{ address, module: path, type, name, index, isData, values: { value: member(cursor, 'values').value ?? {}, place: address } }]
  })
  const children = listOf(member(module, 'child_modules'))
  return [...own, ...children.flatMap(child => resourcesOf(child, optionalText(member(child, 'address')) ?? ''))]
}

/** The instances of one resource of a state file. */
function storedOf (cursor: Cursor): readonly Resource[] {
  const [module, type, name, mode] = ['module', 'type', 'name', 'mode'].map(field => optionalText(member(cursor, field)) ?? '')
  if (module === undefined || type === undefined || name === undefined) return []
  const isData = mode === 'data'
  return listOf(member(cursor, 'instances')).map(instance => {
    const key = member(instance, 'index_key').value
    const index = key === undefined ? '' : `[${JSON.stringify(key)}]`
    const address = [...module === '' ? [] : [module], ...isData ? ['data'] : [], type, name].join('.') + index
    return { address, module, type, name, index, isData, values: { value: member(instance, 'attributes').value ?? {}, place: address } }
  })
}

function pendingOf (change: Cursor): ReadonlyArray<readonly [string, Readonly<Record<string, unknown>>]> {
  const after = member(change, 'change')
  const unknown = after.value === undefined ? undefined : member(after, 'after_unknown').value
  return typeof unknown === 'object' && unknown !== null ? [[optionalText(member(change, 'address')) ?? '', { ...unknown }]] : []
}
