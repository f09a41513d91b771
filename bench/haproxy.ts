/** HAProxy with its keys in a map: nothing is asked, and the map changes by its command socket or a reload. */
import type { Place } from './nginx.js'

/** @param map file with lines of `KEY USER` */
export function keyMap ({ port, logs = false }: Place, mlflowPort: number, map: string): string {
  return `global
  nbthread 1
  ${logs ? 'log stdout format raw local0 info' : ''}
defaults
  mode http
  timeout client 75s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend door
  bind 127.0.0.1:${port}
  ${logs ? `log global\n  ${logFormat}` : ''}
  http-request set-var(txn.user) http_auth_bearer,map_str(${map})
  http-request deny deny_status 401 unless { var(txn.user) -m found }
  http-request set-header X-Hokusai-User-Id %[var(txn.user)]
  http-request del-header authorization
  http-request replace-path /mlflow(/.*) \\1
  default_backend mlflow
backend mlflow
  server mlflow 127.0.0.1:${mlflowPort}
`
}

/** The fields of the facade's own line, as far as HAProxy knows them. */
const logFormat = 'log-format \'{"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]","request_id":"%[uuid]","method":"%HM","status":%ST,' +
  '"ms":%Ta,"upstream_ms":%Tr,"bytes_in":%U,"bytes_out":%B,"user":"%[var(txn.user),json(utf8s)]","address":"%ci"}\''
