# Sourced by the scripts that make Python environments.

# make_once FOLDER FUNCTION: fills FOLDER by FUNCTION where that was not done to the end before. Tests run side by side
# and may all be the first to want it: one makes it, the others wait.
make_once () {
  local folder=$1 lock=$1.lock maker
  mkdir -p "$(dirname "$folder")"
  until [ -e "$folder/.complete" ] || mkdir "$lock" 2>/dev/null; do
    maker=$(cat "$lock/pid" 2>/dev/null || true)
    [ -z "$maker" ] || kill -0 "$maker" 2>/dev/null || rm -rf "$lock" # left by one that was killed
    sleep 0.5
  done
  [ ! -e "$folder/.complete" ] || return 0
  # shellcheck disable=SC2064
  trap "rm -rf '$lock'" EXIT
  echo $$ >"$lock/pid"
  if [ ! -e "$folder/.complete" ]; then
    echo "making $(basename "$folder") (up to three minutes, only this time)" >&2
    rm -rf "$folder"
    "$2"
    touch "$folder/.complete"
  fi
  rm -rf "$lock"
}
