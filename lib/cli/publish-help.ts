/** What `craned help publish` says below the flags. */
export const PUBLISH_HELP = `
The source is an OCI image layout (skopeo copy … oci:dir:tag, buildah push … oci:dir:tag) or a docker-archive
(docker save, skopeo copy … docker-archive:file), each as a directory or an uncompressed tar file. Every byte is
checked against its digest on the way in. Layers of a docker-archive are compressed; all else is published as it is.

It may also be a repository of a running registry: docker://host/name:tag, docker://host/name@digest, or all its tags
with docker://host/name. What refers to an image, as signatures do, comes along. Logins of podman, skopeo and docker
are used; --src-tls-verify=false asks a registry that has no certificate, or one that nobody vouches for.

With pulp:dir, the directory of what Pulp published, nothing is published: the redirect files in <metadata>, or the one
of --name, become version 5 by what is there. Their names and urls stay; files of version 1 stay what they are.

  <content>/<repository>/       manifests, blobs and tags, for a web server that <url> leads to
  <metadata>/v2/<repository>.json   the redirect file for craned serve --data-dir <metadata>
  <metadata>/v1/<repository>.json   with --v1: the one for clients that only speak v1

The repository then has the tags of the source and no others, unless --keep-tags is given. Publishing again moves
only what changed. The redirect file is replaced last: a publish that fails or is killed leaves what was there before
whole, and the next one goes on from there. Blobs are hard links to the files of an OCI layout where the file system
allows that, which takes no space: don't change those files in place.

Either place may also be in a bucket, as s3://bucket/prefix: the keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
or those of an AWS profile or role. What is there with the right size and Content-Type is not sent again.

Nothing is removed unless --prune-after is given. Then files go that nothing has referred to for that long; give it
longer than any pull takes.

Examples:
  skopeo copy --all docker://registry.example.com/library/alpine:3.20 oci:layout:3.20
  craned publish layout --name library/alpine --url https://cdn.example.com/images \\
      --content /srv/images --metadata /srv/metadata
  craned publish docker://registry.example.com/team/app --name team/app --url … --content … --metadata …
  docker save team/app:1.0 > app.tar
  craned publish app.tar --name team/app --tag 1.0 --tag latest=1.0 --keep-tags --url … --content … --metadata …
  craned publish layout … --prune-after 7d --dry-run
  craned publish layout … --content s3://images/v2 --s3-endpoint https://s3.example.com --s3-region eu-west-1
  craned publish pulp:/var/www/pub/docker/v2/web --metadata /var/lib/crane/metadata --dry-run
  craned publish --server-config nginx > /etc/nginx/snippets/craned.conf
`;
