// Prints the digest of a tag as containers/image asks for it: by HEAD alone, as podman auto-update does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/containers/image/v5/docker"
	"github.com/containers/image/v5/types"
)

func main() {
	reference, err := docker.ParseReference("//" + os.Args[1])
	if err == nil {
		insecure := &types.SystemContext{DockerInsecureSkipTLSVerify: types.OptionalBoolTrue}
		digest, asked := docker.GetDigest(context.Background(), insecure, reference)
		if err = asked; err == nil {
			fmt.Println(digest)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
