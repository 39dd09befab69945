#!/bin/sh
# The demonstration behind `make demo`: a folder of documents, three questions, cited answers. Repeatable.
set -eu
: "${CITEWELL:=citewell}" "${DEMO_HOME:=.demo}"

bold='' plain=''
if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); fi

run() {
    printf '\n%s$ citewell' "$bold"
    for word in "$@"; do case $word in *' '*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac; done
    printf '%s\n' "$plain"
    "$CITEWELL" --home "$DEMO_HOME" "$@"
}

run ingest data/sample/documents
run ask "Which values of k1 and b are reasonable for BM25?"
run ask "What share of the sentences written by generative search engines is really backed by their citations?"
run ask "Which sampling temperature did the authors of HyDE use?"

cat <<END

Ask your own:            $CITEWELL --home $DEMO_HOME ask "..."
In the browser:          $CITEWELL --home $DEMO_HOME serve
Your own documents:      $CITEWELL ingest FOLDER     (kept apart from this demonstration)
END
