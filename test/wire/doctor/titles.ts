/** Which tests seed the fault that each check of doctor finds, by their titles; `configuration` is the row before the checks. */
export const titles: Readonly<Record<string, readonly string[]>> = {
  configuration: ['every problem of the configuration is a row, with exit code 2'],
  'data-dir': [
    'a DATA_DIR that cannot be written, or whose disk is smaller than what may be spooled, is named',
    'a DATA_DIR that others may reach into, and that a start leaves as it is, is named'
  ],
  'trust-proxy': ['a load balancer that nobody trusts, and everybody trusted, are named'],
  sunset: ['old paths without an end are a hint, and no finding'],
  timeouts: ['less patience than MLflow\'s client has is named'],
  tls: ['keys in clear text, and a certificate that is another host\'s or runs out, are named'],
  'key-store': [
    'a key store that cannot answer is named',
    'a key database in SQLite on a network file system is named'
  ],
  key: [
    'a key that is refused, or may do nothing, is named',
    'keys of the platform without scopes are named with AUTH_EMPTY_SCOPES'
  ],
  workspaces: ['keys that are tied to workspaces which MLflow does not keep apart are named'],
  'admin-key': ['a first admin key that still lies in DATA_DIR is told of, and named after a day'],
  'service-id': [
    'an auth service that knows us by another name is named with that name',
    'an auth service that takes no question of ours is named with AUTH_SERVICE_ID'
  ],
  'key-database': ['a PostgreSQL with tables of another version, one that is read-only, and one that tells of no changes are named'],
  'key-database-tls': ['a PostgreSQL elsewhere that is reached in clear is named'],
  'key-database-clock': ['a PostgreSQL whose clock differs is named'],
  issuer: ['an issuer of tokens that cannot be asked, is another one or has another time, and a role that cannot be granted, are named'],
  limits: ['a Redis that cannot count calls is named with the reason and without the password'],
  'limits-tls': ['a Redis elsewhere that is reached in clear is named'],
  'audit-log': [
    'a file of audit events that cannot be written, or that others can read, is named',
    'a PostgreSQL that is to keep audit events and does not answer is named'
  ],
  'own-mlflow': [
    'an MLflow of our own that cannot be prepared is named',
    'a database of an older MLflow is named with the flag that upgrades it'
  ],
  'mlflow-reachable': [
    'an MLflow that is not there is named with the reason',
    'http for https, https for http, and a certificate of an unknown authority are named'
  ],
  'host-list': ['an MLflow whose Host list lacks us is named with the exact entry'],
  'mlflow-layout': [
    'an MLflow too old, behind a login, failing, or no MLflow at all, is named',
    'a static prefix that the URL lacks is named'
  ],
  'mlflow-known': ['an MLflow newer than all known ones is named, with what its pages call and nobody here knows'],
  'keep-alive': ['connections that MLflow closes before we do are named'],
  clock: ['a clock that is wrong is named'],
  'artifacts-served': ['an MLflow that serves no artifacts is named'],
  'artifact-root': ['artifacts that go round the facade are named, without what may be secret in their place'],
  'chunked-uploads': ['an MLflow that takes chunked uploads for empty is told of, and is no fault since they are spooled'],
  'gateway-credentials': ['credentials that MLflow\'s gateway would hand on to providers are named'],
  platform: ['a platform that does not answer, or is an MLflow or the facade itself, is named'],
  'front-reachable': ['a front that leads elsewhere, or nowhere, is named'],
  'front-prefix': ['a front that takes the mount off is named, whatever old paths do'],
  origin: ['a front under another origin than the facade believes is named, for its pages could not write'],
  'upload-limit': ['a front that limits or swallows large uploads is named, and nothing is stored']
}

/** That nothing is said where all is well. */
export const healthy = 'a real MLflow behind a real facade gives no finding, and nothing is skipped'
