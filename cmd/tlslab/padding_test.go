package main

import (
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// What Bleichenbacher would see of a server that explains itself: nothing.

var paddingPairs = flag.Int("padding-pairs", 0, "time the alerts to so many pairs of ciphertexts, one of each padded rightly (5000 take some minutes)")

// stopwatch times a client's transport, from the last bytes sent to the first that come back,
// and to the end of the stream.
type stopwatch struct {
	net.Conn
	sent, answered time.Time
}

func (s *stopwatch) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	s.sent, s.answered = time.Now(), time.Time{}
	return n, err
}

func (s *stopwatch) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if s.answered.IsZero() {
		s.answered = time.Now()
	}
	return n, err
}

// TestPaddingTiming measures what the tests beside it count: a server with a transcript, in
// a process of its own, and pairs of connections, one with good padding and one with bad, in
// an order that is drawn. It asserts the bound on a statistic of ranks, which a busy
// machine moves least; as a measurement it runs by hand alone.
func TestPaddingTiming(t *testing.T) {
	if *paddingPairs == 0 {
		t.Skip("a measurement, run by hand: go test ./cmd/tlslab -run PaddingTiming -v -padding-pairs 5000")
	}
	cmd := exec.Command(os.Args[0], "server", "--accept", "127.0.0.1:0", "--out", filepath.Join(t.TempDir(), "transcript"))
	cmd.Args[0], cmd.Env = "tlslab", append(os.Environ(), "LC_ALL=C")
	server, addr, err := clitest.Launch(cmd, regexp.MustCompile(`listening on (\S+)`))
	if server != nil {
		t.Cleanup(server.Kill)
	}
	if err != nil {
		t.Fatal(err)
	}
	var alert, end [2][]float64 // by padding: to the alert, and to the end of the stream
	for range *paddingPairs {
		first := rand.IntN(2)
		for _, padded := range []int{first, 1 - first} {
			raw, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			s := &stopwatch{Conn: raw}
			c, err := tls.Client(s, clitest.Guessing(t, padded == 1))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Handshake(); reason.Of(err) != reason.PeerAlert {
				t.Fatal(err)
			}
			alert[padded] = append(alert[padded], float64(s.answered.Sub(s.sent))/1e3)
			if n, err := raw.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Fatal(n, err)
			}
			end[padded] = append(end[padded], float64(time.Since(s.sent))/1e3)
			c.Close()
		}
	}
	for _, m := range []struct {
		what  string
		times [2][]float64
	}{{"the alert", alert}, {"the end of the stream", end}} {
		sign, rank, slower := signAndRank(m.times[1], m.times[0])
		t.Logf("to %s: medians %.1f µs (bad), %.1f µs (good); P(good slower) %.4f, z of signs %.2f, of ranks %.2f",
			m.what, median(m.times[0]), median(m.times[1]), slower, sign, rank)
		if math.Abs(sign) > 2.5 || math.Abs(rank) > 2.5 {
			t.Errorf("the time to %s tells the padding", m.what)
		}
	}
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

// signAndRank are the z of the sign test and of Wilcoxon's signed ranks for pairs, and how
// often a is the greater one.
func signAndRank(a, b []float64) (sign, rank, greater float64) {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	slices.SortFunc(d, func(x, y float64) int {
		if math.Abs(x) < math.Abs(y) {
			return -1
		}
		return 1
	})
	n, sum := float64(len(d)), 0.0
	for i, x := range d {
		if x > 0 {
			greater, sum = greater+1, sum+float64(i+1)
		}
	}
	return (greater - n/2) / math.Sqrt(n/4), (sum - n*(n+1)/4) / math.Sqrt(n*(n+1)*(2*n+1)/24), greater / n
}
