{{/* One container and its volumes, the same in a Deployment and in Knative. Given: root, unit. */}}
{{- define "darkroom.container" -}}
{{- $values := .root.Values -}}
{{- $unit := .unit -}}
name: function
image: {{ $unit.image }}
ports:
  - {name: http1, containerPort: 8080}
env:
  {{- range $name, $value := $unit.settings }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
  {{- if $unit.page }}
  - {name: FUNCTIONS, value: {{ include "darkroom.addresses" .root | quote }}}
  {{- with include "darkroom.storeOrigin" $values }}
  - {name: CONNECT, value: {{ . | quote }}}
  {{- end }}
  {{- else }}
  # A GPU's pod without its GPU must not start: a slow one would hide what is wrong.
  - {name: PROVIDER, value: {{ ternary "cuda" "cpu" (eq $unit.flavour "gpu") }}}
  {{- with $values.keys.secret }}
  - {name: API_KEYS, value: "file:/run/keys/hashes"}
  {{- end }}
  {{- with $values.store }}
  {{- if .url }}
  - {name: STORE, value: {{ .url | quote }}}
  - {name: AWS_REGION, value: {{ required "store.region: say in which region the bucket is" .region | quote }}}
  {{- with .endpoint }}
  - {name: AWS_ENDPOINT_URL_S3, value: {{ . | quote }}}
  {{- end }}
  {{- with .secret }}
  {{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
  - {name: {{ . }}, valueFrom: {secretKeyRef: {name: {{ $values.store.secret }}, key: {{ . }}}}}
  {{- end }}
  {{- end }}
  {{- with $values.webhooks }}
  {{- if and .enabled .secret }}
  - {name: WEBHOOK_SECRET, valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .item }}}}}
  {{- end }}
  {{- end }}
  {{- end }}
  {{- end }}
  {{- end }}
resources:
  {{- /* Both alike: the process counts its cores by the limit, and nothing of it can be taken away. */}}
  {{- range list "requests" "limits" }}
  {{ . }}:
    cpu: {{ $unit.cores | quote }}
    memory: {{ int $unit.memoryMb }}Mi
    ephemeral-storage: {{ add (int $unit.storageMb) 64 }}Mi
    {{- if eq $unit.flavour "gpu" }}
    {{ $unit.resource }}: "1"
    {{- end }}
  {{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
readinessProbe:
  httpGet: {path: /readyz, port: 8080}
  periodSeconds: 5
  timeoutSeconds: 3
livenessProbe:
  httpGet: {path: /healthz, port: 8080}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  {{- if and $values.keys.secret (not $unit.page) }}
  - {name: keys, mountPath: /run/keys, readOnly: true}
  {{- end }}
{{- end -}}

{{- define "darkroom.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: {{ int .unit.storageMb }}Mi}
{{- if and .root.Values.keys.secret (not .unit.page) }}
- name: keys
  secret:
    secretName: {{ .root.Values.keys.secret }}
    items: [{key: {{ .root.Values.keys.item }}, path: hashes}]
{{- end }}
{{- end -}}

{{/* Where the page's uploads go: the store's origin, or nothing. Given: the values. */}}
{{- define "darkroom.storeOrigin" -}}
{{- with .store -}}
{{- if and .url .endpoint }}{{ .endpoint }}
{{- else if .url }}https://{{ (urlParse .url).host }}.s3.{{ .region }}.amazonaws.com
{{- end -}}
{{- end -}}
{{- end -}}
