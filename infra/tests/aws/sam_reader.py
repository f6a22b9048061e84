"""Run by the Python of .tools/sam: a template (JSON on standard input, with parameters and region) after AWS::LanguageExtensions, as JSON."""

import json
import sys

from samcli.lib.cfn_language_extensions import PseudoParameterValues, process_template
from samcli.yamlhelper import yaml_parse

given = json.load(sys.stdin)
pseudo = PseudoParameterValues(
    region=given["region"],
    account_id="111122223333",
    stack_name="darkroom-test",
    partition="aws",
    url_suffix="amazonaws.com",
)
json.dump(process_template(yaml_parse(given["template"]), given["parameters"], pseudo), sys.stdout)
