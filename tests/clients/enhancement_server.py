"""The enhancement server's Python client: a picture goes as JSON, the better one comes back in the envelope.

    python tests/clients/enhancement_server.py http://localhost:8081/ samples/night_rocket.jpg

What stands between the marks is the document's own; the address and the picture's path are all that it is given.
"""

import base64
import json
import sys

import requests

url, src_image_path = sys.argv[1:]

# fmt: off
with open(src_image_path, 'rb') as f:
    image_data = f.read()
    base64_data = base64.b64encode(image_data)

    post_data = {
        'img_data': base64_data.decode(),
        'req_id': 'demo',
    }
    resp = requests.post(url=url, data=json.dumps(post_data))
    output = json.loads(resp.text)['data']['enhance_result']
    out_f = open('result.jpg', 'wb')  # noqa: SIM115
    out_f.write(base64.b64decode(output))
    out_f.close()
# fmt: on
