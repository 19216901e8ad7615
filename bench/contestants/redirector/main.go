// A stand-in for archeio, written for the benchmark: what a redirector decides that knows no references, in Go.
// Blobs go to the bucket nearest to the client's address if they are known to be there, everything else upstream.
package main

import (
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"
)

const (
	upstream = "http://upstream.example.com"
	bucket   = "http://bucket.example.com"
)

var (
	blob  = regexp.MustCompile("^/v2/.*/blobs/([^/]+:[a-zA-Z0-9=_-]+)$")
	known sync.Map
)

// bucketOf tells the bucket for a client; the real one has a table of the clouds' networks.
func bucketOf(address netip.Addr) string {
	if address.Is4() || address.Is6() {
		return bucket
	}
	return upstream
}

// isThere tells whether a bucket has a blob; the real one asks the bucket once and remembers.
func isThere(url string) bool {
	there, isKnown := known.Load(url)
	if !isKnown {
		known.Store(url, true)
		return true
	}
	return there.(bool)
}

func redirect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/v2") {
		http.NotFound(w, r)
		return
	}
	if r.URL.Path == "/v2/" {
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		w.WriteHeader(http.StatusOK)
		return
	}
	if digest := blob.FindStringSubmatch(r.URL.Path); digest != nil {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		address, err := netip.ParseAddr(host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if url := bucketOf(address) + "/containers/images/" + digest[1]; isThere(url) {
			http.Redirect(w, r, url, http.StatusTemporaryRedirect)
			return
		}
	}
	http.Redirect(w, r, upstream+path.Join("/v2/images", strings.TrimPrefix(r.URL.Path, "/v2")), http.StatusTemporaryRedirect)
}

func main() {
	log.Fatal(http.ListenAndServe(os.Args[1], http.HandlerFunc(redirect)))
}
