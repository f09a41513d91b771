#!/usr/bin/env bash
# What the action does once alb-rules is built: annotations to stdout, a summary to the pull request, and one exit code for all of it.
# Reads RULES, FAIL_ON, FAIL_ON_CHANGE, EXPECTATIONS, SARIF and GITHUB_STEP_SUMMARY; nothing of them is ever part of a command.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
summary="${GITHUB_STEP_SUMMARY:-/dev/null}"
failed=0

alb_rules() { node "$root/packages/alb-rules/dist/cli/main.js" "$@"; }

# Wrong input is the end; findings are for the exit code.
alb_rules check "$RULES" --format github --fail-on "${FAIL_ON:-error}"
case $? in 0) ;; 1) failed=1 ;; *) exit 2 ;; esac
alb_rules check "$RULES" --format markdown 2>/dev/null >> "$summary"
if [ -n "${SARIF:-}" ]; then alb_rules check "$RULES" --format sarif 2>/dev/null > "$SARIF"; fi

# Only a plan tells what was before it; of other files the command says so and prints nothing.
changes="$(alb_rules diff "$RULES" --format markdown 2>/dev/null)"
code=$?
if [ "$code" -le 1 ]; then
  printf '%s\n' "$changes" >> "$summary"
  alb_rules diff "$RULES" --format github 2>/dev/null
  if [ "$code" -eq 1 ] && [ "${FAIL_ON_CHANGE:-false}" = true ]; then failed=1; fi
fi

if [ -n "${EXPECTATIONS:-}" ]; then alb_rules test "$RULES" "$EXPECTATIONS" || failed=1; fi
exit "$failed"
