/** Requests with the class that the contract demands for them, written by hand, with reasons where they are odd. */
import type { AccessClass } from '../../../src/access/classes.js'

/** Method, raw path, class, and whether doubled slashes in it are data. */
export type Example = readonly [method: string, path: string, demanded: AccessClass, doubled?: boolean]

export const examples: readonly Example[] = [
  ['POST', '/api/2.0/mlflow/runs/create', 'write'],
  ['POST', '/ajax-api/2.0/mlflow/runs/create', 'write'],
  ['POST', '/%61pi/2.0/mlflow/runs/create', 'write'], // decoded before it is routed
  ['POST', '/api/2.0/mlflow/runs/%73earch', 'read'],
  ['POST', '/api/2.0/mlflow/runs/search', 'read'],
  ['POST', '/api/2.0mlflow/experiments/search-datasets', 'read'], // misspelt in MLflow
  ['GET', '/api/2.0/mlflow/runs/get', 'read'],
  ['HEAD', '/api/2.0/mlflow/runs/get', 'read'],
  ['GET', '/api/2.0/mlflow/runs/create', 'admin'], // no such method
  ['TRACE', '/api/2.0/mlflow/runs/get', 'admin'],
  ['GET', '/API/2.0/mlflow/runs/get', 'admin'], // paths have a case
  ['GET', '/api/2.0/mlflow/logged-models/m/Artifacts/directories', 'admin'],
  ['GET', '/api/2.0/mlflow/runs/get/', 'admin'],
  ['GET', '/api/2.0/mlflow/runs', 'admin'],
  ['GET', '/xapi/2.0/mlflow/runs/get', 'admin'],
  ['GET', '/api/2.0/mlflow/runs/getx', 'admin'],
  // Werkzeug drops leading slashes and would run it; with the encoded one as data there is no such path.
  ['POST', '/%2Fapi/2.0/mlflow/runs/create', 'admin'],
  ['GET', '/%2Fapi/2.0/mlflow/runs/get', 'admin'],
  ['POST', '//api/2.0/mlflow/runs/create', 'write'],
  ['GET', '/api//2.0/mlflow/runs/get', 'read'],
  ['GET', '/api%2F2.0/mlflow/runs/get', 'admin'],
  ['GET', '/api/2.0/mlflow/logged-models/m%2Fartifacts%2Fdirectories', 'read'],
  ['GET', '/api/2.0/mlflow/logged-models/m%252Fx', 'read'],
  ['DELETE', '/api/2.0/mlflow/logged-models/m/tags/a%2Fb', 'admin'], // one segment only as data
  ['GET', '/api/3.0/mlflow/traces/a%E2%80%A8b', 'read'],
  ['GET', '/ajax-api/3.0/mlflow/mcp-servers/io.github.a%2Fb%2Fversions', 'read'],
  ['DELETE', '/api/3.0/mlflow/mcp-servers/a/b/versions/1/tags/x/y', 'write'],
  ['GET', '/api/3.0/mlflow/skills/@acme/review', 'read'],
  ['GET', '/api/3.0/mlflow/skills/%40acme%2Freview', 'read'],
  ['PATCH', '/ajax-api/3.0/mlflow/skills/@acme%2freview/versions/1', 'write'],
  ['DELETE', '/api/3.0/mlflow/skills/%40acme/review/tags/a%2Fb', 'write'],
  ['POST', '/api/3.0/mlflow/skills/bulk-register', 'write'],
  ['POST', '/ajax-api/3.0/mlflow/issues/schedule/state', 'admin'],
  ['GET', '/api/2.0/mlflow-artifacts/artifacts/1/a//b', 'read', true],
  ['GET', '/api/2.0/mlflow-artifacts/artifacts//1', 'read', true],
  ['GET', '/api/2.0/mlflow-artifacts/artifacts/1/a%E2%80%A8b', 'read', true], // a line separator
  ['PUT', '/api/2.0/mlflow-artifacts/artifacts/1/a//b%2Fc', 'write', true],
  ['PUT', '/ajax-api/2.0/mlflow-artifacts/artifacts/1/%252F', 'write', true],
  ['PUT', '/api/2.0//mlflow-artifacts/artifacts/1/a', 'write'], // doubled before the artifact's own path
  ['DELETE', '/api/2.0/mlflow-artifacts/artifacts/1/a', 'write', true],
  ['POST', '/api/2.0/mlflow-artifacts/mpu/create/1/a//b', 'write', true],
  ['GET', '/api/2.0/mlflow-artifacts/presigned/1/a', 'read', true],
  ['POST', '/api/2.0/mlflow/artifacts/presigned-download-url', 'read'],
  ['POST', '/api/2.0/mlflow/artifacts/presigned-upload-url', 'write'],
  ['POST', '/ajax-api/2.0/mlflow/upload-artifact', 'write'],
  ['POST', '/ajax-api/2.0/mlflow/runs/create-promptlab-run', 'write'],
  ['GET', '/get-artifact', 'read'],
  ['GET', '/model-versions/get-artifact', 'read'],
  ['POST', '/v1/traces', 'write'],
  ['GET', '/ajax-api/2.0/mlflow/gateway-proxy', 'gateway'],
  ['POST', '/gateway/any/mlflow/invocations', 'gateway'],
  ['POST', '/gateway/gemini/v1beta/models/x:generateContent', 'gateway'],
  ['POST', '/gateway/proxy/x/v1/chat', 'gateway'],
  ['GET', '/api/3.0/mlflow/gateway/secrets/get', 'admin'],
  ['GET', '/api/2.0/mlflow/webhooks', 'admin'],
  ['GET', '/api/3.0/mlflow/workspaces', 'admin'],
  ['POST', '/ajax-api/3.0/jobs/', 'admin'],
  ['PUT', '/api/3.0/mlflow/scorers/online-config', 'admin'],
  ['GET', '/', 'ui'],
  ['GET', '/static-files/static/js/main.js', 'ui'],
  ['HEAD', '/health', 'public'],
  ['GET', '/version', 'public'],
  ['POST', '/health', 'admin'],
  ['POST', '/graphql', 'read'], // after its body was judged
  ['GET', '/graphql', 'admin'],
  ['GET', '/ajax-api/2.0/mlflow/users/current', 'ui'], // the facade's own answer
  ['GET', '/api/2.0/mlflow/users/current', 'blocked'],
  ['POST', '/api/2.0/mlflow/users/create', 'blocked'],
  ['DELETE', '/api/2.0/mlflow/users/anything', 'blocked'],
  ['GET', '/signup', 'blocked'],
  ['GET', '/%73ignup', 'blocked'],
  ['POST', '/ajax-api/3.0/mlflow/assistant/message', 'blocked'],
  ['POST', '/ajax-api/3.0/mlflow/%61ssistant/message', 'blocked'],
  ['POST', '/ajax-api/3.0/mlflow%2Fassistant/message', 'blocked'],
  ['POST', '/ajax-api/3.0/mlflow/assistant/not-known-yet', 'blocked'],
  ['GET', '/ajax-api/4.0/mlflow/assistant', 'blocked'],
  // No MLflow reads these so, but what stands before one might.
  ['POST', '/ajax-api/3.0/mlflow/ASSISTANT/message', 'blocked'],
  ['POST', '/Ajax-API/3.0/MLflow/%41ssistant/message', 'blocked'],
  ['POST', '/ajax-api/3.0/mlflow/assistant;x=1/message', 'blocked'],
  ['POST', '/ajax-api;a/3.0;b/mlflow%3Bc/assistant;d', 'blocked'],
  ['POST', '/;/ajax-api/;x/3.0//mlflow/assistant/message', 'blocked'],
  ['POST', '/api/2.0/mlflow/Users/create', 'blocked'],
  ['GET', '/SignUp;x', 'blocked'],
  ['GET', '/api/2.0/mlflow/assistants', 'admin'],
  // Bytes that are no UTF-8, and what looks like an encoding, are data.
  ['PUT', '/api/2.0/mlflow-artifacts/artifacts/1/acc_at_90%data.csv', 'write', true],
  ['PUT', '/api/2.0/mlflow-artifacts/artifacts/1/%zz%', 'write', true],
  ['GET', '/api/2.0/mlflow-artifacts/artifacts/1/a%0Ab%5Cc', 'read', true],
  ['GET', '/api/2.0/mlflow-artifacts/artifacts/1/%ff%2F%fe', 'read', true],
  ['DELETE', '/api/2.0/mlflow-artifacts/artifacts/%ff', 'write', true]
]
