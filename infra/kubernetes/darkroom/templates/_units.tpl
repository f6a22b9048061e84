{{/* A unit is a function in one flavour: what one Deployment runs. All of them, as a JSON list that every template ranges over. */}}
{{- define "darkroom.units" -}}
{{- $units := list -}}
{{- range $name, $function := .Values.functions -}}
  {{- $flavours := $function.flavours | default $.Values.flavours -}}
  {{- if $function.page }}{{ $flavours = list "cpu" }}{{ end -}}
  {{- range $place, $flavour := $flavours -}}
    {{- $section := ternary "page" $flavour $function.page -}}
    {{- $unit := mergeOverwrite (deepCopy (index $.Values $section)) (deepCopy (index $function $flavour | default dict)) -}}
    {{- $path := ternary $name (printf "%s-%s" $name $flavour) (eq $place 0) -}}
    {{- $digest := index ($function.digests | default dict) $flavour | required (printf "functions.%s.digests has no %s: build and push its image, then write the values anew" $name $flavour) -}}
    {{- $_ := set $unit "function" $name -}}
    {{- $_ := set $unit "flavour" $flavour -}}
    {{- $_ := set $unit "page" $function.page -}}
    {{- $_ := set $unit "path" $path -}}
    {{- $_ := set $unit "full" (printf "%s-%s-%s" $.Release.Name $name $flavour) -}}
    {{- $_ := set $unit "image" (printf "%s/darkroom/%s@%s" (required "registry: say where the images are" $.Values.registry) $name $digest) -}}
    {{- $_ := set $unit "memoryMb" (max (int $function.memoryMb) (int $unit.memoryMb)) -}}
    {{- $_ := set $unit "storageMb" $function.storageMb -}}
    {{- $_ := set $unit "settings" (mergeOverwrite (deepCopy $.Values.settings) (deepCopy ($function.settings | default dict))) -}}
    {{- /* Pictures computed at a time: the process takes its whole cores. */}}
    {{- $_ := set $unit "places" (int ($unit.settings.INSTANCES | default (max 1 (int $unit.cores)))) -}}
    {{- $_ := set $unit "host" (printf "%s.%s" $unit.full $.Release.Namespace) -}}
    {{- $_ := set $unit "intercepted" (and $.Values.interceptor.enabled (eq $.Values.scaling.by "keda") (not $function.page)) -}}
    {{- $units = append $units $unit -}}
  {{- end -}}
{{- end -}}
{{- toJson $units -}}
{{- end -}}

{{/* The labels by which one unit's pods are chosen; they never change. */}}
{{- define "darkroom.chosen" -}}
app.kubernetes.io/name: darkroom
app.kubernetes.io/instance: {{ .release }}
darkroom/function: {{ .unit.function }}
darkroom/flavour: {{ .unit.flavour }}
{{- end -}}

{{/* The labels by which all pods of this release are chosen. */}}
{{- define "darkroom.all" -}}
app.kubernetes.io/name: darkroom
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "darkroom.labels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The longest that a process may go on after SIGTERM: the longest deadline, and what common::serve adds to it. */}}
{{- define "darkroom.graceS" -}}
{{- $settings := .settings -}}
{{- if .page -}}15
{{- else -}}
{{- add (max (int ($settings.DEADLINE_S | default "60")) (int ($settings.JOB_DEADLINE_S | default "900"))) 15 -}}
{{- end -}}
{{- end -}}

{{/* The page's FUNCTIONS: every other function and its addresses, the first flavour first, as JSON. */}}
{{- define "darkroom.addresses" -}}
{{- $addresses := dict -}}
{{- range include "darkroom.units" . | fromJsonArray -}}
  {{- if not .page -}}
    {{- $address := printf "../%s/" .path -}}
    {{- if eq $.Values.workload "knative" -}}
      {{- $address = printf "https://%s.%s.%s/" .full $.Release.Namespace (required "knative.domain: say under which domain Knative serves" $.Values.knative.domain) -}}
    {{- end -}}
    {{- $_ := set $addresses .function (append (index $addresses .function | default list) $address) -}}
  {{- end -}}
{{- end -}}
{{- range $name, $list := $addresses -}}
  {{- if eq (len $list) 1 }}{{ $_ := set $addresses $name (first $list) }}{{ end -}}
{{- end -}}
{{- toJson $addresses -}}
{{- end -}}

{{/* Stops what can't work together, in a sentence. */}}
{{- define "darkroom.check" -}}
{{- if and (ne .Values.expose.by "none") (not .Values.expose.host) -}}
  {{- fail "expose.host: say under which name the functions are reached" -}}
{{- end -}}
{{- if and (or (ne .Values.expose.by "none") (eq .Values.workload "knative")) (not .Values.keys.secret) (not .Values.expose.public) -}}
  {{- fail "everybody could call the functions: set keys.secret, or expose.public=true if that is meant" -}}
{{- end -}}
{{- if and (eq .Values.workload "knative") (ne .Values.expose.by "none") -}}
  {{- fail "expose.by: Knative has addresses of its own; leave it none" -}}
{{- end -}}
{{- if and (eq .Values.scaling.by "keda") (eq .Values.workload "deployment") (not .Values.prometheus.address) -}}
  {{- fail "prometheus.address: KEDA reads there how busy the pods are" -}}
{{- end -}}
{{- if and .Values.prometheus.monitor .Values.keys.secret (not .Values.prometheus.key.secret) -}}
  {{- fail "prometheus.key.secret: with keys.secret, Prometheus needs a key too" -}}
{{- end -}}
{{- if eq .Values.workload "deployment" -}}
{{- range include "darkroom.units" . | fromJsonArray -}}
  {{- if gt (int .min) (int .max) -}}
    {{- fail (printf "%s %s: min %d is more than max %d" .function .flavour (int .min) (int .max)) -}}
  {{- end -}}
  {{- if and (eq .flavour "gpu") (eq $.Values.scaling.by "hpa") -}}
    {{- fail "scaling.by: hpa knows no GPU use; take keda, or none" -}}
  {{- end -}}
  {{- if and (eq (int .min) 0) (not .intercepted) (ne $.Values.scaling.by "none") -}}
    {{- fail (printf "%s %s: min 0 needs scaling.by=keda and interceptor.enabled=true, or no request could wake it (a page always has one)" .function .flavour) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
