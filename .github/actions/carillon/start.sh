#!/usr/bin/env bash
# Starts a server in the background, and tells the following steps of the job where it is and which key it takes.
set -euo pipefail
package=$CARILLON_PACKAGE port=$CARILLON_SERVE_PORT arguments=$CARILLON_ARGUMENTS
# The server refuses variables that it does not know.
unset CARILLON_PACKAGE CARILLON_SERVE_PORT CARILLON_ARGUMENTS
export CARILLON_ACCESS_KEY_ID=AKIATESTTESTTESTTEST CARILLON_SECRET_ACCESS_KEY=only-for-tests

log=$(mktemp)
# shellcheck disable=SC2086 # several flags
nohup npx --yes --package "$package" carillon serve --test-mode --no-tls --data :memory: --port "$port" $arguments >"$log" 2>&1 </dev/null &
server=$!
until url=$(sed -n 's/^Carillon is ready on \(http:[^ ]*\).*/\1/p' "$log") && [ -n "$url" ]; do
  if ! kill -0 "$server" 2>/dev/null || [ "$SECONDS" -gt 120 ]; then
    cat "$log" >&2
    exit 1
  fi
  sleep 0.2
done

cat >>"$GITHUB_ENV" <<VARIABLES
AWS_ENDPOINT_URL=$url
AWS_ACCESS_KEY_ID=$CARILLON_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY=$CARILLON_SECRET_ACCESS_KEY
AWS_REGION=us-east-1
AWS_DEFAULT_REGION=us-east-1
VARIABLES
