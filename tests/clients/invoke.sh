#!/bin/sh
# Invokes a function as Lambda does, by `cargo lambda invoke`, with a function URL's event around a picture. No HTTP: what
# comes back is the envelope. The emulator of `make run` stands for the cloud.
#
#     tests/clients/invoke.sh 9000 derain samples/street_buses.jpg out/derain.jpg
set -eu
port=$1 function=$2 picture=$3 answer=$4
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cat >"$scratch/event.json" <<END
{
  "version": "2.0",
  "rawPath": "/",
  "rawQueryString": "",
  "headers": {"content-type": "application/octet-stream", "accept": "application/json"},
  "requestContext": {"http": {"method": "POST", "path": "/"}},
  "isBase64Encoded": true,
  "body": "$(base64 "$picture" | tr -d '\n')"
}
END
"${CARGO_LAMBDA:-cargo-lambda}" lambda invoke "$function" -A 127.0.0.1 -P "$port" \
    --data-file "$scratch/event.json" >"$scratch/answer"
sed 's/.*"enhance_result":"\([^"]*\)".*/\1/' "$scratch/answer" | base64 -d >"$answer"
