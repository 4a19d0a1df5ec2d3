package explain_test

import (
	"bufio"
	"crypto/tls"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

var soak = flag.Bool("soak", false, "have TestSoak explain a file of 4 GiB")

// processor is how many seconds of processor time this process has taken.
func processor(t testing.TB) float64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return seconds(u.Utime) + seconds(u.Stime)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Nano()) / 1e9 }

// command builds tlslab.
func command(t testing.TB) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "tlslab")
	if out, err := exec.Command("go", "build", "-o", bin, "tlslab/cmd/tlslab").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

// took runs a whole process, and says how much processor time it took, in seconds, and the most that
// it had in memory, in bytes.
func took(t testing.TB, in io.Reader, name string, args ...string) (processor float64, memory int64) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = in
	// One place for the roots, as on a machine where nobody has set another.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SSL_CERT_") })
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, stderr.String())
	}
	u := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return seconds(u.Utime) + seconds(u.Stime), u.Maxrss << 10
}

// BenchmarkTshark prints what whole processes take of the processor for a file of a thousand connections of all sorts, as a
// part of what tshark -V takes, without keys and with a key log; how that grows to ten thousand connections, for each
// of which 1 is the same; and the most that they have in memory.
func BenchmarkTshark(b *testing.B) {
	if _, err := exec.LookPath("tshark"); err != nil {
		b.Skip("tshark is not installed")
	}
	tlslab, dir := command(b), b.TempDir()
	files, logs := [2]string{}, [2]string{}
	for i, n := range []int{1000, 10_000} {
		l := newLab(b)
		files[i], logs[i] = filepath.Join(dir, "file"+string(rune('0'+i))), filepath.Join(dir, "log"+string(rune('0'+i)))
		f, err := os.Create(files[i])
		if err != nil {
			b.Fatal(err)
		}
		l.mixed(b, record(f), n)
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(logs[i], l.keys.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for _, with := range []string{"no keys", "key log"} {
		b.Run(with, func(b *testing.B) {
			var ours, theirs, more []float64
			var peak int64
			for b.Loop() {
				args := [2][]string{{"explain", files[0]}, {"explain", files[1]}}
				shark := []string{"-V", "-r", files[0]}
				if with == "key log" {
					args[0], args[1] = append(args[0], "--keylogfile", logs[0]), append(args[1], "--keylogfile", logs[1])
					shark = append(shark, "-o", "tls.keylog_file:"+logs[0])
				}
				one, _ := took(b, nil, tlslab, args[0]...)
				other, _ := took(b, nil, "tshark", shark...)
				ten, memory := took(b, nil, tlslab, args[1]...)
				ours, theirs, more, peak = append(ours, one), append(theirs, other), append(more, ten), max(peak, memory)
			}
			b.ReportMetric(median(ours)/median(theirs), "of-tshark")
			b.ReportMetric(median(ours), "s")
			b.ReportMetric(median(theirs), "s-tshark")
			b.ReportMetric(median(more)/median(ours)/10, "growth")
			b.ReportMetric(float64(peak)/(1<<20), "MiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// TestSoak has the command explain 4 GiB in 200 MiB, as they come: transfers that are opened and such as stay
// closed, what is no TLS, many small connections, and more that nobody answers.
func TestSoak(t *testing.T) {
	if !*soak {
		t.Skip("it is asked for by -soak")
	}
	const (
		size   = 4 << 30
		memory = 200 << 20
	)
	tlslab := command(t)
	l := newLab(t)
	var small []dialogue
	for _, k := range kinds {
		small = append(small, l.dialogue(t, k))
	}
	// The keys of what is yet to be said come as it is said, and so the log is of another run of the pipe.
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, l.keys.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	in, out := io.Pipe()
	written := make(chan int64, 1)
	go func() {
		r := record(out)
		defer func() { out.CloseWithError(r.w.Flush()); written <- r.n }()
		n := 0
		next := func() *session { n++; return r.connection(n) }
		crowd := func(of int) {
			for i := range of {
				if s := next(); i%3 == 0 {
					s.segment(0, syn, nil)
				} else {
					s.open()
					for _, x := range small[i%len(small)] {
						s.say(x.by, x.b)
					}
					if i%4 > 0 {
						s.close()
					}
				}
			}
			for range of {
				s := next()
				r.packet(17, s.ends[0], s.ends[1], 0, 0, 0, make([]byte, 100))
			}
		}
		junk := make([]byte, 1<<20)
		for r.n < size {
			crowd(10_000)
			s := next()
			s.open()
			l.dial(t, kind{version: tls.VersionTLS13, data: 150 << 20}, func(by int, b []byte) { s.say(by, b) })
			s.close()
			plain := next()
			plain.open()
			for range 50 {
				plain.say(1, junk)
			}
		}
	}()
	cpu, most := took(t, bufio.NewReaderSize(in, 1<<16), tlslab, "explain", "-", "--keylogfile", log)
	t.Logf("%d MiB, in %d MiB of memory and %.1f s of the processor", <-written>>20, most>>20, cpu)
	if most > memory {
		t.Errorf("%d MiB of memory", most>>20)
	}
}
