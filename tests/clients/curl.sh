#!/bin/sh
# Three ways to send a picture with curl: as it is, as a form, in JSON; the answers go into a folder.
#
#     tests/clients/curl.sh http://localhost:8081/ samples/cat_chelsea.jpg out
set -eu
address=$1 picture=$2 folder=$3
mkdir -p "$folder"

# A refused request ends the script; an answer kept elsewhere (303) is fetched there.
ask() {
    curl --silent --show-error --fail-with-body --location "$@" "$address" || {
        echo "curl.sh: $address did not take it; why stands in $folder" >&2
        exit 1
    }
}

# As it is: the body is the file, the answer is the picture.
ask --data-binary "@$picture" --header 'Content-Type: application/octet-stream' --output "$folder/raw.jpg"

# As a form, with an option as a field beside it.
ask --form "image=@$picture" --form format=png --output "$folder/form.png"

# In JSON, base64 there and back. The picture goes through a pipe: it is too long for an argument.
printf '{"img_data": "%s", "req_id": "demo"}' "$(base64 "$picture" | tr -d '\n')" |
    ask --data-binary @- --header 'Content-Type: application/json' --output "$folder/answer.json"
sed 's/.*"enhance_result":"\([^"]*\)".*/\1/' "$folder/answer.json" | base64 -d >"$folder/json.jpg"
