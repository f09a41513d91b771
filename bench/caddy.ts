/** Caddy as an operator would set it up for MLflow: each request shown to an auth service first. */
import type { Place } from './nginx.js'

/** @returns a Caddyfile */
export function forwardAuth ({ folder, port, logs = false }: Place, mlflowPort: number, authPort: number): string {
  const kept = 'transport http { \n        keepalive_idle_conns 128\n        keepalive_idle_conns_per_host 128\n      }'
  return `{
  admin off
  auto_https off
  storage file_system ${folder}
}
http://127.0.0.1:${port} {
  ${logs ? `log {\n    output file ${folder}/${port}.log {\n      roll_disabled\n    }\n    format json\n  }` : ''}
  handle_path /mlflow/* {
    forward_auth 127.0.0.1:${authPort} {
      uri /
      copy_headers X-User>X-Hokusai-User-Id
      ${kept}
    }
    reverse_proxy 127.0.0.1:${mlflowPort} {
      header_up -Authorization
      ${kept}
    }
  }
}
`
}
