"""A client of the super-resolution service: a form goes to /enhance, JSON with the new picture's address comes back.

python tests/clients/super_resolution.py http://localhost:8081/ samples/cat_chelsea.jpg large.jpg
"""

import sys
from urllib.parse import urljoin
from urllib.request import urlopen

import requests

address, path, target = sys.argv[1:]

with open(path, "rb") as picture:
    response = requests.post(urljoin(address, "enhance"), files={"image": picture})
response.raise_for_status()
answer = response.json()
print(answer["original_shape"], "->", answer["enhanced_shape"])

# The address may be a data: URL, which holds the picture itself; urlopen reads both kinds.
with urlopen(urljoin(response.url, answer["result_url"])) as result, open(target, "wb") as file:
    file.write(result.read())
