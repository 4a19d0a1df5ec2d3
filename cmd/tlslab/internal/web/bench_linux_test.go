package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tlslab/handshake/lab"
)

// BenchmarkReaders says how long readers wait for whole pages, over loopback, from a lab that has
// played none of them before:
//
//	go test ./cmd/tlslab/internal/web -run '^$' -bench Readers -benchtime 15x
//
// one is a reader of each lesson in turn; same is fifty at once of one address, all of whom have it;
// other is fifty at once of an address each, the lessons with several seeds. What is reported is
// the median and the longest, in ms, and how much processor time a round took, the readers' own
// included: on a machine with something else to do that says what a quiet one would.
func BenchmarkReaders(b *testing.B) {
	server := httptest.NewUnstartedServer(nil)
	addr := server.Listener.Addr().String()
	f := new(webFlags)
	f.Lang = "en"
	server.Config.Handler = f.handler(addr)
	server.Start()
	b.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}}
	b.Cleanup(client.CloseIdleConnections)

	lessons := lab.Openings()
	asked := 0
	// fresh is an address that nobody has asked for.
	fresh := func() string {
		o := lessons[asked%len(lessons)]
		asked++
		return server.URL + "/" + o.Question("en", fmt.Sprint("bench", asked)).Address().String()
	}
	read := func(address string) {
		res, err := client.Get(address)
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = res.Body.Close() }()
		if n, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK || n < 10_000 {
			b.Errorf("%s: %s, %d bytes, %v", address, res.Status, n, err)
		}
	}
	for _, bench := range []struct {
		name    string
		readers int
		same    bool
	}{{"one", 1, true}, {"same", 50, true}, {"other", 50, false}} {
		b.Run(bench.name, func(b *testing.B) {
			var took []time.Duration
			before := processor(b)
			for b.Loop() {
				addresses := make([]string, bench.readers)
				for i := range addresses {
					if i == 0 || !bench.same {
						addresses[i] = fresh()
					} else {
						addresses[i] = addresses[0]
					}
				}
				begun := time.Now()
				var readers sync.WaitGroup
				for _, a := range addresses {
					readers.Go(func() { read(a) })
				}
				readers.Wait()
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			b.ReportMetric(ms(processor(b)-before)/float64(len(took)), "ms-processor")
			b.ReportMetric(ms(took[len(took)/2]), "ms-median")
			b.ReportMetric(ms(took[len(took)-1]), "ms-longest")
		})
	}
}

// processor is how much processor time this process has had.
func processor(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
