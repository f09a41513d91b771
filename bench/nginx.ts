/** The nginx configurations of the benchmark: the stub that stands for MLflow, and peers that ask an auth service or know the keys. */

/** Where a server of the benchmark stands. */
export interface Place {
  /** Folder for the process id, the log and temporary bodies. */
  readonly folder: string
  readonly port: number
  /** Writes a line of JSON for each request, as the facade does; else none. */
  readonly logs?: boolean
}

/** About 1 KB, the size of a common answer of MLflow. */
const answer = JSON.stringify({
  experiments: Array.from({ length: 6 }, (_, index) => ({
    experiment_id: String(index),
    name: index === 0 ? 'Default' : `training-run-family-${index}`,
    artifact_location: `mlflow-artifacts:/${index}`,
    lifecycle_stage: 'active',
    last_update_time: 1763880000000,
    creation_time: 1763880000000
  }))
})

/** Answers every call at once, keeps uploads as files in `artifacts`, and looks like an MLflow 3.17.2 without a static prefix. */
export function stub (place: Place, artifacts: string): string {
  return frame(place, `
  server {
    listen 127.0.0.1:${place.port};
    default_type application/json;
    location = /version { default_type text/plain; return 200 "3.17.2"; }
    location = /health { default_type text/plain; return 200 "OK"; }
    location /mlflow/ { default_type text/html; return 404 "<!doctype html><title>404 Not Found</title>"; }
    location /api/2.0/mlflow-artifacts/artifacts/ { alias ${artifacts}/; dav_methods PUT; default_type application/octet-stream; }
    location / { return 200 '${answer}'; }
  }`)
}

/** What an operator would set up for MLflow: kept connections on both sides, bodies streamed, each request shown to an auth service. */
export function authRequest (place: Place, mlflowPort: number, authPort: number): string {
  return frame(place, `
  upstream mlflow { server 127.0.0.1:${mlflowPort}; keepalive 128; keepalive_requests 100000000; }
  upstream auth { server 127.0.0.1:${authPort}; keepalive 128; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${place.port};
    location /mlflow/ {
      auth_request /auth;
      auth_request_set $user $upstream_http_x_user;
      proxy_set_header X-Hokusai-User-Id $user;
      proxy_set_header Authorization "";
      proxy_set_header Connection "";
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_pass http://mlflow/;
    }
    location = /auth {
      internal;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_http_version 1.1;
      proxy_pass_request_body off;
      proxy_pass http://auth/;
    }
  }`)
}

/** Keys as a map within the configuration. */
export function keyMap (place: Place, mlflowPort: number, key: string): string {
  return frame(place, `
  map_hash_bucket_size 256;
  map $http_authorization $user { default ""; "Bearer ${key}" bench; }
  upstream mlflow { server 127.0.0.1:${mlflowPort}; keepalive 128; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${place.port};
    location /mlflow/ {
      if ($user = "") { return 401; }
      proxy_set_header X-Hokusai-User-Id $user;
      proxy_set_header Authorization "";
      proxy_set_header Connection "";
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_pass http://mlflow/;
    }
  }`)
}

/** More than the idle connections that are ever held open, with theirs to the stub and the auth service. */
const filesMax = 16_384

/** What the facade's own line says, as far as nginx knows it. */
const logFormat = `log_format line escape=json '{"time":"$time_iso8601","request_id":"$request_id","method":"$request_method","status":$status,'
    '"s":$request_time,"upstream_s":"$upstream_header_time","bytes_in":$request_length,"bytes_out":$body_bytes_sent,'
    '"user":"$upstream_http_x_user","address":"$remote_addr","client":"$http_user_agent"}';`

function frame ({ folder, port, logs = false }: Place, servers: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${port}-${name};`).join(' ')
  return `${process.getuid?.() === 0 ? 'user root;\n' : '' /* else the worker may not read the folder */}daemon off;
worker_processes 1;
pid ${folder}/${port}.pid;
error_log ${folder}/${port}.err;
worker_rlimit_nofile ${filesMax};
events { worker_connections ${filesMax}; }
http {
  ${logs
? `${logFormat}
  access_log ${folder}/${port}.log line;`
: 'access_log off;'}
  sendfile on;
  client_max_body_size 0;
  keepalive_requests 100000000;
  ${temporary}${servers}
}
`
}
