"""A stand-in for Crane 3.3.1, written for the benchmark: which manifest a reference means, and the redirect to it.

As the original did, it keeps the lists of a redirect file as JSON text and reads them again for each request.
"""

import json
import os

from flask import Flask, abort, redirect, request

SCHEMA2 = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
KINDS = ("manifests", "blobs", "tags")

repositories = {}


def load(directory):
    for parent, _, files in os.walk(directory):
        for name in files:
            if name.endswith(".json"):
                with open(os.path.join(parent, name), encoding="utf-8") as file:
                    content = json.load(file)
                repositories[content["repo-registry-id"]] = {
                    "url": content["url"].rstrip("/") + "/",
                    "version": content["version"],
                    "schema2_data": json.dumps(content.get("schema2_data", [])),
                    "manifest_list_data": json.dumps(content.get("manifest_list_data", [])),
                    "manifest_list_amd64_tags": json.dumps(content.get("manifest_list_amd64_tags", {})),
                }


def accepted():
    return {each.split(";")[0].strip() for each in request.headers.get("Accept", "").split(",")}


def place_of(repository, reference):
    if repository["version"] == 2:
        return "manifests/" + reference
    schema2 = json.loads(repository["schema2_data"])
    lists = json.loads(repository["manifest_list_data"])
    amd64 = json.loads(repository["manifest_list_amd64_tags"])
    types = accepted()
    if not schema2 and not lists:
        return "manifests/1/" + reference
    if LIST in types and reference in lists:
        return "manifests/list/" + reference
    if reference in amd64:
        digest, version = amd64[reference]
        if SCHEMA2 in types:
            return f"manifests/{version}/{digest}"
        return "manifests/1/" + (digest if version == 1 else reference)
    if SCHEMA2 in types and reference in schema2:
        return "manifests/2/" + reference
    return "manifests/1/" + reference


app = Flask(__name__)
load(os.environ["BENCH_DATA"])


@app.after_request
def with_version(response):
    response.headers["Docker-Distribution-API-Version"] = "registry/2.0"
    return response


@app.route("/v2/")
def base():
    return {}


@app.route("/v2/<path:path>")
def below(path):
    parts = path.split("/")
    at = max((place for place, part in enumerate(parts) if part in KINDS), default=0)
    repository = repositories.get("/".join(parts[:at]))
    if repository is None:
        abort(404)
    rest = "/".join(parts[at + 1 :])
    place = place_of(repository, rest) if parts[at] == "manifests" else parts[at] + "/" + rest
    return redirect(repository["url"] + place)
