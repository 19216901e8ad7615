/** The text below the flags of `craned help publish`. */
export const PUBLISH_HELP = `
The source is an OCI image layout (skopeo copy … oci:dir:tag, buildah push … oci:dir:tag) or a docker-archive
(docker save, skopeo copy … docker-archive:file): a directory, or a tar file that may be compressed by gzip or zstd;
- reads standard input. The prefixes of skopeo choose one image: oci:dir:tag, oci-archive:file:tag,
docker-archive:file:name, dir:dir. Every byte is checked against its digest. Layers that docker save left uncompressed
are compressed, unless --keep-layers is given; everything else is published as it is.

The source may also be a repository of a registry: docker://host/name:tag, docker://host/name@digest, or all its tags
with docker://host/name. Signatures and other referrers of an image are published with it. Logins, credential helpers
and certificates of podman, skopeo and docker are used (auth.json, config.json, certs.d); --src-tls-verify=false accepts
a registry without TLS or with an untrusted certificate.

An index may name images that the source does not have: the others are published, with a warning for each. An image
that can't be published is skipped when all tags were asked for; the exit code is then 2.

Publishing writes:
  <content>/<repository>/           an OCI image layout, for any static host that <url> leads to
  <metadata>/v2/<repository>.json   the redirect file for craned serve --data-dir <metadata>
  <metadata>/v1/<repository>.json   with --v1: the one for clients that only speak v1

The redirect file (version 6) holds all manifests, tags and small image configurations, so that craned sends them itself
and the host sends blobs only: any static host will do, without configuration. With --redirect-version 5 the host sends
manifests too; --server-config prints the configuration that it needs.

The repository then has the tags of the source and no others, unless --keep-tags is given. Publishing again moves
only what changed. The redirect file is replaced last: a publish that fails or is killed leaves the previous state
intact, and the next one goes on from there. Blobs are hard links to the files of an OCI layout, and to equal blobs of
other repositories, where the file system allows that: don't change those files in place. --pool keeps the blobs of all
repositories in one directory instead, which works in buckets too.

Either place may also be in a bucket (s3://bucket/prefix): the keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
or those of an AWS profile or role. Objects that have the right name and size are not sent again.

Content that is on its host already needs no copy, only a redirect file:
  --in-place                the source is an OCI image layout: a directory, s3://bucket/prefix or the URL itself
  registry-storage:<root>   the storage of a distribution registry, a directory or s3://…: one repository (--name) or all
  pulp:<dir>                content that Pulp published: upgrades its redirect files in <metadata>, or the one of --name,
                            to version 6 (or 5), and keeps the old ones beside them as <file>.version-<n>

Nothing is removed unless --prune-after is given: it removes files that have been unreferenced for that long. Choose more
than any pull takes.

Examples:
  skopeo copy --all docker://registry.example.com/library/alpine:3.20 oci:layout:3.20
  craned publish layout --name library/alpine --url https://cdn.example.com/images \\
      --content /srv/images --metadata /srv/metadata
  craned publish docker://registry.example.com/team/app --name team/app --url … --content … --metadata …
  docker save team/app:1.0 | craned publish - --name team/app --url … --content … --metadata …
  docker save team/app:1.0 > app.tar
  craned publish app.tar --name team/app --tag 1.0 --tag latest=1.0 --keep-tags --url … --content … --metadata …
  craned publish layout … --prune-after 7d --dry-run
  craned publish layout … --content s3://images/v2 --s3-endpoint https://s3.example.com --s3-region eu-west-1
  craned publish /srv/www/app --in-place --name team/app --url https://www.example.com/app --metadata /srv/metadata
  craned publish https://pages.example.com/app/ --in-place --name team/app --metadata /srv/metadata
  craned publish registry-storage:s3://registry-bucket --url https://cdn.example.com --metadata /srv/metadata
  craned publish pulp:/var/www/pub/docker/v2/web --metadata /var/lib/crane/metadata --dry-run
`;
