/** Programs that register a model with clients generated from the OpenAPI document. */

export const typescriptClient = `import createClient from 'openapi-fetch'
import type { paths } from './schema.js'

declare const process: { argv: string[] }
const [, , baseUrl = '', key = ''] = process.argv
const client = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${key}\` } })

const { error } = await client.POST('/api/2.0/mlflow/registered-models/create', { body: { name: 'from-typescript', tags: [{ key: 'team', value: 'growth' }] } })
if (error !== undefined) throw new Error(error.message)
const { data } = await client.POST('/api/2.0/mlflow/model-versions/create', { body: { name: 'from-typescript', source: 's3://models/none' } })
const found = await client.GET('/api/2.0/mlflow/model-versions/get', { params: { query: { name: 'from-typescript', version: data?.model_version.version ?? '' } } })
const missing = await client.GET('/api/2.0/mlflow/registered-models/get', { params: { query: { name: 'nowhere' } } })
const status: 'READY' | 'PENDING_REGISTRATION' | 'FAILED_REGISTRATION' | undefined = found.data?.model_version.status
if (status !== 'READY' || missing.error?.error_code !== 'RESOURCE_DOES_NOT_EXIST') throw new Error('not as described')
console.log(\`version \${found.data?.model_version.version} is \${status}\`)
`

export const pythonClient = `import sys

from generated import AuthenticatedClient
from generated.api.registered_models import create_registered_model, get_registered_model
from generated.api.model_versions import create_model_version
from generated.models import CreateModelVersionRequest, CreateRegisteredModelRequest

base, key = sys.argv[1:]
client = AuthenticatedClient(base_url=base, token=key)
create_registered_model.sync_detailed(client=client, body=CreateRegisteredModelRequest(name="from-python"))
made = create_model_version.sync(client=client, body=CreateModelVersionRequest(name="from-python", source="s3://models/none"))
found = get_registered_model.sync(client=client, name="from-python")
missing = get_registered_model.sync(client=client, name="nowhere")
assert found.registered_model.name == "from-python", found
assert missing.error_code == "RESOURCE_DOES_NOT_EXIST", missing
print(f"version {made.model_version.version} is {made.model_version.status}")
`
