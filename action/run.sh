#!/usr/bin/env bash
# The step of the GitHub Action: installs gilcheck, checks, annotates, and writes the summary of the run.
# INPUT_* are the action's inputs. GILCHECK names a program that is there already, in place of the installed one.
set -euo pipefail

lines() { # NAME TEXT: the lines of the text that are not empty, as an array
    local -n into=$1
    local line
    into=()
    while IFS= read -r line; do
        line=${line%$'\r'}
        if [[ -n ${line//[[:space:]]/} ]]; then into+=("$line"); fi
    done <<<"$2"
}

lines sources "${INPUT_SRC:-.}"
lines arguments "${INPUT_ARGS:-}"
version=${INPUT_VERSION:-}
if [[ -n $version && ! $version =~ ^[0-9]+(\.[0-9]+){0,2}$ ]]; then
    echo "::error title=gilcheck::the version must be numbers, as in 0.1.0"
    exit 2
fi

if [[ -n ${GILCHECK:-} ]]; then
    gilcheck=("$GILCHECK")
else
    folder=$(mktemp -d)
    python3 -m venv "$folder"
    scripts=bin
    if [[ ! -d $folder/bin ]]; then scripts=Scripts; fi
    "$folder/$scripts/python" -m pip install --quiet --disable-pip-version-check "gilcheck${version:+==$version}"
    gilcheck=("$folder/$scripts/gilcheck")
fi

run() { "${gilcheck[@]}" check ${arguments[@]+"${arguments[@]}"} "$@" -- "${sources[@]}"; }

code=0
run --output-format github || code=$?
if ((code > 1)); then exit "$code"; fi

found=$(run --quiet --exit-zero --output-format json-lines 2>/dev/null | wc -l)
if [[ -n ${GITHUB_OUTPUT:-} ]]; then echo "findings=$((found))" >>"$GITHUB_OUTPUT"; fi

if [[ ${INPUT_SUMMARY:-true} == true && -n ${GITHUB_STEP_SUMMARY:-} ]]; then
    {
        echo "## gilcheck"
        echo
        if ((found == 0)); then
            echo "Nothing found."
        else
            # Indented text is shown as it stands, whatever the names of files are.
            echo "Findings by rule:"
            echo
            run --quiet --exit-zero --statistics --output-format concise 2>/dev/null | sed 's/^/    /'
            echo
            echo "All findings:"
            echo
            # A summary may hold 1 MiB.
            run --quiet --exit-zero --output-format concise 2>/dev/null | head -c 500000 | sed 's/^/    /'
        fi
    } >>"$GITHUB_STEP_SUMMARY"
fi

if [[ ${INPUT_FAIL:-true} == true ]]; then exit "$code"; fi
