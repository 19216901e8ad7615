{{- define "craned.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "craned.selector" -}}
app.kubernetes.io/name: craned
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "craned.labels" -}}
{{ include "craned.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "craned.metadata" -}}
name: {{ include "craned.name" . }}
labels:
  {{- include "craned.labels" . | nindent 2 }}
{{- end }}

{{- define "craned.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (ternary (include "craned.name" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- /* One place for the redirect files. */}}
{{- define "craned.checkPlaces" -}}
{{- $places := add (ternary 1 0 (gt (len .Values.redirectFiles) 0)) (ternary 1 0 (ne .Values.bucket.dataDir "")) (ternary 1 0 .Values.volume.enabled) }}
{{- if gt (int $places) 1 }}
{{- fail "redirectFiles, bucket.dataDir and volume.enabled: expected one of them" }}
{{- end }}
{{- end }}
