{{- define "facade.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) }}{{ $name = printf "%s-%s" $name .Chart.Name }}{{ end -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "facade.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "facade.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "facade.selector" . }}
{{- end }}

{{- define "facade.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "facade.name" .) -}}
{{- end }}

{{- define "facade.hasServiceKeys" -}}
{{- if or (hasKey .Values.settings "HOKUSAI_AUTH_SERVICE_URL") (hasKey .Values.secrets "HOKUSAI_AUTH_SERVICE_URL") }}true{{ end -}}
{{- end }}

{{- /* Whether replicas share their keys: else they are in SQLite, for one pod at a time. */ -}}
{{- define "facade.sharesKeys" -}}
{{- if or (hasKey .Values.secrets "KEYS_URL") (include "facade.hasServiceKeys" .) }}true{{ end -}}
{{- end }}

{{- define "facade.isSeveral" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) }}true{{ end -}}
{{- end }}

{{- /* Settings by their names, as YAML: what the chart sets, then what the values say. */ -}}
{{- define "facade.settings" -}}
{{- $url := .Values.upstream.url | default (printf "http://%s-mlflow:5000" (include "facade.name" .)) -}}
{{- $own := dict "MLFLOW_UPSTREAM_URL" $url "DATA_DIR" "/data/facade" "SHUTDOWN_DELAY" "10" "LOG_FORMAT" "json" -}}
{{- mergeOverwrite $own .Values.settings | toYaml -}}
{{- end }}

{{- define "facade.check" -}}
{{- if and .Values.mlflow.enabled .Values.upstream.url }}{{ fail "Set upstream.url or mlflow.enabled, not both." }}{{ end -}}
{{- if not (or .Values.mlflow.enabled .Values.upstream.url) }}{{ fail "Set upstream.url to MLflow's URL, or mlflow.enabled=true for an MLflow of the chart's." }}{{ end -}}
{{- if and (include "facade.isSeveral" .) (not (include "facade.sharesKeys" .)) -}}
{{- fail "Several replicas cannot share keys in SQLite: set secrets.KEYS_URL to a Secret with a postgres:// URL (docs/scaling.md), or replicas=1." -}}
{{- end -}}
{{- if and (include "facade.isSeveral" .) (include "facade.hasServiceKeys" .) (not (hasKey .Values.secrets "SESSION_SECRET")) -}}
{{- fail "Several replicas with an auth service need the same secrets.SESSION_SECRET: else whoever signs in at one is not signed in at the others." -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}{{ fail "ingress.hosts is empty: name the hosts that the facade answers for." }}{{ end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}{{ fail "httpRoute.parentRefs is empty: name the gateway." }}{{ end -}}
{{- range $name, $_ := .Values.secrets -}}
{{- if hasKey $.Values.settings $name }}{{ fail (printf "%s is both in settings and in secrets." $name) }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "facade.mlflow.selector" -}}
app.kubernetes.io/name: mlflow
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
