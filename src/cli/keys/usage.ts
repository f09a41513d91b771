/** What `keys --help` prints of each thing that it can be told to do. */
import type { keysOptions } from '../options.js'

const create = `Usage: hokusai-mlflow keys create --name NAME [OPTIONS]

Makes a key, and a key store where there is none. The key alone goes to stdout,
once; the lines to paste go to stderr.

  --name NAME        a name for people to recognise the key by
  --user ID          the user that MLflow sees; default: the name
  --scopes A,B       mlflow:read, mlflow:write (includes read), mlflow:gateway,
                     mlflow:admin (everything); default: mlflow:read,mlflow:write;
                     an empty list grants no access
  --expires 90d      a duration (s, m, h, d, w) or a date; default: never, or as late
                     as KEYS_MAX_LIFETIME allows
  --workspace NAME   the only workspace it may use; can be repeated; default: all
  --allow PERMISSION what it may read or write of it, such as read:*,
                     write:experiments/team-a/*, write:models/team-a-* or
                     read:prompts/*; can be repeated; default: everything
                     (docs/admin.md#permissions)
  --rate 60/hour     calls per hour: that many at once, then one at a time, 429
                     beyond; none: no limit; default: KEYS_DEFAULT_RATE
  --env live|test    prefix of the key; default: live
  --export           print lines for a shell instead:
                     eval "$(hokusai-mlflow keys create --name NAME --export)"
  --json             print the key and all that is known of it as JSON`

const list = `Usage: hokusai-mlflow keys list [OPTIONS]

Lists the keys, and says which active ones have the same name.

  --state S   only these: active, expired, disabled or revoked
  --user ID   only those of this owner, the user that MLflow sees
  --sort S    by created (default), name, expires (the next first) or used (the
              last first)
  --wide      everything, with exact times, on a terminal too; a pipe gets it anyway
  --json      the same as JSON`

const show = `Usage: hokusai-mlflow keys show ID|HINT|NAME [--json]

Prints all that is known of a key; the key itself is not.

  --json  the same as JSON`

const find = `Usage: hokusai-mlflow keys find TEXT|--key [--wide] [--json]

Lists the keys whose ID or hint begins with TEXT, or whose name or owner holds it.

  --key   by the key itself, which is read from standard input, or asked for on a
          terminal; never give a key as an argument, which others can see
  --wide  everything, with exact times, on a terminal too
  --json  the same as JSON`

const update = `Usage: hokusai-mlflow keys update ID|HINT|NAME OPTIONS

Changes a key, for its next request on this replica, within a second on all of
them. What you do not name stays. A key that has ended cannot be changed.

  --name NAME        its name; the user that MLflow sees stays
  --owner ID         the user that MLflow sees
  --scopes A,B       all scopes that it shall have; an empty list: none
  --expires 90d      a duration from now, a date, or never
  --workspace NAME   the only workspace it may use; can be repeated
  --all-workspaces   it may use all of them
  --allow PERMISSION all that it may read or write, as "keys create" has it; can be
                     repeated; none: everything that its scopes allow
  --rate 60/hour     calls per hour; none: no limit
  --json             print what is known of the key as JSON`

const disable = `Usage: hokusai-mlflow keys disable ID|HINT|NAME [--reason TEXT] [--json]

Refuses a key, within a second on every replica, until it is enabled again.

  --reason TEXT  why, for those who find it in the list
  --json         print what is known of the key as JSON`

const enable = `Usage: hokusai-mlflow keys enable ID|HINT|NAME [--json]

Ends that a key is disabled.

  --json  print what is known of the key as JSON`

const revoke = `Usage: hokusai-mlflow keys revoke ID|HINT|NAME|--key [--reason TEXT] [--json]

Ends a key. It is refused by every replica within a second.

  --key          the key itself, such as a leaked one: it is read from standard
                 input, or asked for on a terminal
  --reason TEXT  why, for those who find it in the list
  --json         print what is known of the key as JSON`

const rotate = `Usage: hokusai-mlflow keys rotate ID|HINT|NAME [--overlap 24h] [--export] [--json]

Replaces a key with a new one that has the same grants and expiry, or that of
KEYS_MAX_LIFETIME where it is earlier. A key that was rotated is not rotated again.

  --overlap 24h  how long the old one stays valid; default: it ends at once
  --export       print lines for a shell, as "keys create" does
  --json         print the new key and all that is known of it as JSON`

const prune = `Usage: hokusai-mlflow keys prune --revoked-before 90d [--json]

Forgets keys that were revoked before a time: a duration ago, or a date. They stay
refused, as unknown ones. The newest key stays in any case.

  --revoked-before 90d  when
  --json                print the count as JSON`

const imported = `Usage: hokusai-mlflow keys import FILE [--json]

Takes keys of another system: JSON lines, a JSON array, or CSV with a header line.
Fields: key (at least 20 characters) or key_hash (its SHA-256 in hexadecimal);
user_id, name, scopes, workspaces, permissions, rate_per_hour, expires_at,
is_admin. Lists are JSON, or texts with commas or spaces between. A key without
scopes gets the defaults of create. If any line is invalid, nothing is imported.

  --json  print the counts as JSON`

const migrate = `Usage: hokusai-mlflow keys migrate --from URL --to URL [--dry-run] [--json]

Copies all keys of one store to another, sqlite:FILE or postgres://…
(docs/scaling.md), by their hashes, with ids, times, expiry and revocations. Keys
that the target already has are left unchanged. If you omit --from or --to, it is
KEYS_URL, which keeps a password off the command line, where others can see it.

  --dry-run  only count; write nothing
  --json     print the counts as JSON`

export const actionUsages: Readonly<Record<keyof typeof keysOptions, string>> =
  { create, list, show, find, update, disable, enable, revoke, rotate, prune, import: imported, migrate }

const first = 'Usage: '

/** All of them at a glance. */
export const keysUsage = `${Object.values(actionUsages)
  .map((usage, index) => usage.slice(0, usage.indexOf('\n')).replace(first, index === 0 ? first : ' '.repeat(first.length)))
  .join('\n')}

Works on the configured key store (KEYS_URL), even while the server runs, and
says on stderr which one that is. create, import and migrate make a store where
there is none. Keys of an auth service are managed there.

"hokusai-mlflow keys create --help" and so on: the options of each.`
