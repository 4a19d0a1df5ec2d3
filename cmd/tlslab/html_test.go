package main

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

// A page goes out byte for byte: what stands below every output, and quotes what a terminal must not
// get, changes nothing in it, or a browser would refuse its style and its script by their hashes.
func TestPagesGoOutAsTheyAre(t *testing.T) {
	for _, args := range []string{"run --tls 1.3 --seed 1 --format html --lang zh", "run --kx rsa --seed 1 --format html", "compare --seed 1 --stapled=no --key-alg p256 --format html"} {
		out, status := runTlslab(t, strings.Fields(args)...)
		if status != 0 {
			t.Fatalf("tlslab %s: status %d", args, status)
		}
		policy := regexp.MustCompile(`content="(default-src [^"]*)"`).FindStringSubmatch(out)
		if policy == nil {
			t.Fatalf("tlslab %s: no policy", args)
		}
		for _, name := range []string{"style", "script"} {
			inside := regexp.MustCompile("(?s)<"+name+">(.*?)</"+name+">").FindAllStringSubmatch(out, -1)
			if len(inside) != 1 {
				t.Fatalf("tlslab %s: %d elements %s", args, len(inside), name)
			}
			sum := sha256.Sum256([]byte(inside[0][1]))
			if want := name + "-src &#39;sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "&#39;"; !strings.Contains(policy[1], want) {
				t.Errorf("tlslab %s: the policy %s has no %s", args, policy[1], want)
			}
		}
	}
}
