package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

var (
	benchProxies = flag.String("proxies", "tlslab,mitmdump,crypto-tls,crypto-tls-h2,goproxy,tcp-relay", "which proxies BenchmarkProxy compares; a path is another tlslab")
	benchHost    = flag.String("proxyhost", "127.0.0.1", "how BenchmarkProxy's client names the origin: 127.0.0.1 keeps name resolution out of it, localhost does not")
	benchRounds  = flag.Int("proxyrounds", 7, "how often it is each proxy's turn")
)

// BenchmarkProxy compares what capture proxies cost, as processor time of the proxy's
// process, on loopback, with one client and one origin, both in this process:
//
//	go test ./cmd/tlslab -run '^$' -bench Proxy
//	go test ./cmd/tlslab -run '^$' -bench Proxy -proxies tlslab,goproxy -proxyrounds 3
//
// connect is a new connection: CONNECT, a handshake on each leg (X25519MLKEM768 where
// the proxy has it, the origin's chain of three verified), one small GET, the end.
// request is one small GET on a connection that is kept, with two connections at once.
// streams is one small GET of HTTP/2, of a hundred at once on one connection, beside the proxies
// that have HTTP/2 (goproxy has it not where it intercepts; crypto-tls-h2 only carries its bytes).
// idle is memory, of a fresh process, of one that carried a connection, and for each of many that
// are held and say nothing.
// What memory it takes that bodies of any size pass is TestProxyBulk's, for it wants a fresh process.
//
// It is each proxy's turn for a block, again and again, so that whatever else the
// machine does hits all; what is reported is medians of the blocks, in µs, and of the ratios of
// two blocks that followed each other. All that else goes on only adds, so the ratio of the least
// two blocks stands beside them. A block of mitmdump's is shorter, for it takes longer.
//
// The clock is the kernel's count of a process's run time in ns (clock_getcpuclockid(3)),
// which has the threads that ended in it; /proc/PID/stat says the same in ticks of 10 ms,
// a whole block of some, and /proc/PID/task/*/schedstat forgets threads. That the two
// agree over the whole run is checked.
//
// It is for Linux, because of that clock and of /proc.
func BenchmarkProxy(b *testing.B) {
	answer := bytes.Repeat([]byte("tlslab! "), 40)
	o := startOrigin(b, *benchHost, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }), "h2", "http/1.1")
	var all, rows, rows2 []*contender // all; those of HTTP/1.1; those of HTTP/2
	for _, name := range strings.Split(*benchProxies, ",") {
		c := startContender(b, name, o)
		if c == nil {
			continue
		}
		all = append(all, c)
		if name != "crypto-tls-h2" {
			rows = append(rows, c)
		}
		if name != "crypto-tls" && name != "goproxy" && name != "tcp-relay" {
			rows2 = append(rows2, c)
		}
	}
	b.Run("idle", func(b *testing.B) { benchIdle(b, o, rows) })
	b.Run("connect", func(b *testing.B) {
		benchTurns(b, "connect", rows, func(c *contender) (int, error) { return c.connects(o) },
			func(c *contender) *blocks { return &c.connect })
	})
	b.Run("request", func(b *testing.B) {
		for _, c := range rows {
			if err := c.keep(o); err != nil {
				b.Fatalf("%s: %v", c.name, err)
			}
			defer c.drop()
		}
		benchTurns(b, "request", rows, func(c *contender) (int, error) { return c.requests(o, answer) },
			func(c *contender) *blocks { return &c.request })
	})
	b.Run("streams", func(b *testing.B) {
		for _, c := range rows2 {
			c.multiplexed = newLoader(c.addr, c.root, o)
			c.multiplexed.speak2()
			defer c.multiplexed.CloseIdleConnections()
		}
		benchTurns(b, "streams", rows2, func(c *contender) (int, error) { return c.streams(b.Context(), answer) },
			func(c *contender) *blocks { return &c.stream })
	})
	for _, c := range all {
		if err := c.clocksAgree(); err != nil {
			b.Errorf("%s: %v", c.name, err)
		}
	}
	fmt.Print(table(all)) // b.Log cuts off after ten lines
}

// contender is a proxy in a process of its own.
type contender struct {
	name    string
	version string
	addr    string
	root    *x509.Certificate // whom its clients trust
	pid     int
	weight  int // by which its blocks are shorter

	legs             [2]string // the groups agreed upon with the client and with the origin
	fresh, used      memory    // when it had just started, and after one connection
	each             float64   // KiB that it weighs more for each connection that is held
	held             []*tunnel
	connect, request blocks // CPU seconds for each
	stream           blocks // … of HTTP/2
	kept             [2]*tunnel
	multiplexed      *loader
	began            cpuTime
}

// startContender starts one until the benchmark ends. It returns nil, and says why, if
// the program is not installed.
func startContender(b *testing.B, name string, o *origin) *contender {
	b.Helper()
	dir := b.TempDir()
	c := &contender{name: name, weight: 1}
	port, root := filepath.Join(dir, "port"), filepath.Join(dir, "root.pem")
	var cmd *exec.Cmd
	kind := name
	if filepath.IsAbs(name) {
		kind = "tlslab"
	}
	switch kind {
	case "tlslab":
		program := name
		if c.version = "built before"; program == kind {
			program = filepath.Join(dir, "tlslab") // what people run; the test binary weighs more
			if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
				b.Fatalf("go build: %v\n%s", err, out)
			}
			c.version = "this tree"
		}
		root = filepath.Join(dir, "tlslab-ca.pem")
		cmd = exec.Command(program, "proxy", "--listen", "127.0.0.1:0", "--port-file", port, "--confdir", dir, "--upstream-CAfile", o.roots, "--quiet")
	case "mitmdump":
		program, err := exec.LookPath(name)
		if err != nil {
			b.Logf("without mitmdump: %v", err)
			return nil
		}
		said, err := exec.Command(program, "--version").Output()
		if err != nil {
			b.Fatal(err)
		}
		c.version = strings.Join(strings.Fields(string(regexp.MustCompile(`(?m)^Mitmproxy:.*$`).Find(said)))[1:], " ")
		c.weight = 8
		root = filepath.Join(dir, "mitmproxy-ca-cert.pem")
		l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free, most likely still in a moment
		if err != nil {
			b.Fatal(err)
		}
		c.addr = l.Addr().String()
		_ = l.Close()
		_, n, _ := net.SplitHostPort(c.addr)
		// Its defaults, but for whom it trusts; nothing is written.
		cmd = exec.Command(program, "-q", "--listen-host", "127.0.0.1", "--listen-port", n, "--set", "confdir="+dir,
			"--set", "ssl_verify_upstream_trusted_ca="+o.roots)
	case "crypto-tls", "crypto-tls-h2", "goproxy", "tcp-relay":
		cmd = exec.Command(os.Args[0], port, root, o.roots)
		cmd.Args[0] = name
		c.version = runtime.Version()
		if name == "goproxy" {
			c.version = moduleVersion(b, "github.com/elazarl/goproxy")
		}
	default:
		b.Fatalf("no such proxy: %s", name)
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c.pid = cmd.Process.Pid
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	b.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	if err := awaitProxy(ended, port, root, &c.addr, &c.root); err != nil {
		_ = cmd.Process.Kill()
		<-ended
		b.Fatalf("%s: %v\n%s", name, err, &said)
	}
	if name == "tcp-relay" {
		c.root = o.root
	}
	var err error
	if c.began, err = cpuOf(c.pid); err != nil {
		b.Fatal(err)
	}
	return c
}

// moduleVersion asks the go command, for a test binary does not know it.
func moduleVersion(b *testing.B, path string) string {
	b.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", path).Output()
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// settling is how long an idle process is given to be idle in.
const settling = 3 * time.Second

// benchIdle weighs, and finds out with the one connection it makes through each that
// all do what they are compared for.
func benchIdle(b *testing.B, o *origin, rows []*contender) {
	for b.Loop() {
		time.Sleep(settling) // to be idle takes time: this is what is measured, not a wait for something
		for _, c := range rows {
			c.fresh = weightOf(b, c.pid)
		}
		for _, c := range rows {
			if err := c.intercepts(o); err != nil {
				b.Fatalf("%s: %v", c.name, err)
			}
		}
		time.Sleep(settling)
		for _, c := range rows {
			c.used = weightOf(b, c.pid)
			b.ReportMetric(c.used.rss, c.name+"-RSS-MiB")
			b.ReportMetric(c.used.pss, c.name+"-PSS-MiB")
		}
		for _, c := range rows {
			if err := c.hold(o); err != nil {
				b.Fatalf("%s: %v", c.name, err)
			}
		}
		time.Sleep(settling)
		for _, c := range rows {
			c.each = 1024 * (weightOf(b, c.pid).rss - c.used.rss) / float64(len(c.held))
			b.ReportMetric(c.each, c.name+"-KiB/conn")
			for _, t := range c.held {
				if _, err := t.get(o.host, "/", "Connection: close\r\n"); err != nil {
					b.Fatalf("%s: %v", c.name, err)
				}
				_ = t.Close()
			}
		}
		b.ReportMetric(0, "ns/op")
	}
}

// hold opens connections that have asked something, and say nothing more.
func (c *contender) hold(o *origin) error {
	c.held = nil
	for range 400 / c.weight {
		t, err := tunnelTo(c.addr, o.host, c.root, "http/1.1")
		if err != nil {
			return err
		}
		c.held = append(c.held, t)
		if _, err := t.get(o.host, "/", ""); err != nil {
			return err
		}
	}
	return nil
}

// intercepts makes one connection and looks at who answers it.
func (c *contender) intercepts(o *origin) error {
	o.agreements()
	t, err := tunnelTo(c.addr, o.host, c.root, "http/1.1") // no other root is trusted: it was the proxy's
	if err != nil {
		return err
	}
	defer t.Close()
	if _, err := t.get(o.host, "/", "Connection: close\r\n"); err != nil {
		return err
	}
	state := t.ConnectionState()
	if state.NegotiatedProtocol != "http/1.1" {
		return fmt.Errorf("ALPN is %q", state.NegotiatedProtocol)
	}
	if c.name != "tcp-relay" && bytes.Equal(state.PeerCertificates[0].RawIssuer, o.root.RawSubject) {
		return errors.New("the client saw the origin's certificate")
	}
	c.legs[0] = state.CurveID.String()
	for how := range o.agreements() {
		c.legs[1] += how
	}
	if c.name != "mitmdump" && c.legs != [2]string{"X25519MLKEM768", "X25519MLKEM768"} { // its OpenSSL may not have it
		return fmt.Errorf("agreed on %q with the client and with the origin", c.legs)
	}
	return nil
}

// benchTurns gives each its turn and reports.
func benchTurns(b *testing.B, what string, rows []*contender, block func(*contender) (int, error), of func(*contender) *blocks) {
	for _, c := range rows { // a warm-up, whose time is nobody's
		if _, err := block(c); err != nil {
			b.Fatalf("%s: %v", c.name, err)
		}
	}
	for b.Loop() {
		for range *benchRounds {
			for _, c := range rows {
				runtime.GC() // of the client and the origin
				start, err := cpuOf(c.pid)
				if err != nil {
					b.Fatal(err)
				}
				n, err := block(c)
				if err != nil {
					b.Fatalf("%s: %v", c.name, err)
				}
				end, err := cpuOf(c.pid)
				if err != nil {
					b.Fatal(err)
				}
				*of(c) = append(*of(c), (end.clock-start.clock).Seconds()/float64(n))
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, c := range rows {
		b.ReportMetric(of(c).median()*1e6, c.name+"-µs")
	}
	if rows[0].name != "tlslab" {
		return
	}
	for _, c := range rows[1:] {
		b.ReportMetric(of(rows[0]).over(*of(c)).median(), what+"/"+c.name)
	}
}

// connects makes new connections, one after the other, and waits until the last of
// them is over at the origin too: to end one is part of it.
func (c *contender) connects(o *origin) (int, error) {
	n := 120 / c.weight
	o.agreements()
	for range n {
		t, err := tunnelTo(c.addr, o.host, c.root, "http/1.1")
		if err != nil {
			return 0, err
		}
		_, err = t.get(o.host, "/", "Connection: close\r\n")
		_ = t.Close()
		if err != nil {
			return 0, err
		}
	}
	if err := o.quiet(0); err != nil {
		return 0, err
	}
	shaken := 0
	for how, n := range o.agreements() {
		if strings.Contains(how, "resumed") {
			return 0, errors.New("it resumes: that is no full handshake")
		}
		shaken += n
	}
	if shaken != n {
		return 0, fmt.Errorf("%d handshakes with the origin for %d of clients", shaken, n)
	}
	return n, nil
}

// keep opens the connections that requests uses.
func (c *contender) keep(o *origin) (err error) {
	for i := range c.kept {
		if c.kept[i], err = tunnelTo(c.addr, o.host, c.root, "http/1.1"); err != nil {
			return err
		}
		if err = c.kept[i].SetDeadline(time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

func (c *contender) drop() {
	for _, t := range c.kept {
		_ = t.Close()
	}
}

// requests asks on both kept connections at once.
func (c *contender) requests(o *origin, answer []byte) (int, error) {
	n := 1600 / c.weight
	errs := make([]error, len(c.kept))
	var wg sync.WaitGroup
	for i, t := range c.kept {
		wg.Go(func() {
			for range n {
				got, err := t.get(o.host, "/", "")
				if err == nil && !bytes.Equal(got, answer) {
					err = fmt.Errorf("got %q", got)
				}
				if err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return n * len(c.kept), errors.Join(errs...)
}

// abreast is how many streams are open at once.
const abreast = 100

// streams asks on a hundred streams of one connection at once, each again and again.
func (c *contender) streams(ctx context.Context, answer []byte) (int, error) {
	each := max(1, 32/c.weight)
	errs := make([]error, abreast)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for range each {
				if errs[i] = c.multiplexed.get2(ctx, answer); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	c.multiplexed.mu.Lock()
	defer c.multiplexed.mu.Unlock()
	if c.multiplexed.open != 1 {
		return 0, fmt.Errorf("%d connections are open, and not one", c.multiplexed.open)
	}
	return each * abreast, errors.Join(errs...)
}

// speak2 makes it a client of HTTP/2.
func (l *loader) speak2() {
	var talks http.Protocols
	talks.SetHTTP2(true)
	l.Transport.(*http.Transport).Protocols = &talks
}

// get2 makes one request.
func (l *loader) get2(ctx context.Context, answer []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+l.host+"/", nil)
	if err != nil {
		return err
	}
	resp, err := l.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil && (resp.ProtoMajor != 2 || !bytes.Equal(got, answer)) {
		err = fmt.Errorf("got %q by %s", got, resp.Proto)
	}
	return err
}

// cpuTime is how long a process ran, by two clocks.
type cpuTime struct{ clock, ticks time.Duration }

func cpuOf(pid int) (t cpuTime, err error) {
	var ts unix.Timespec
	// CPUCLOCK_SCHED of a process, as clock_getcpuclockid(3) makes it.
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return t, fmt.Errorf("the clock of process %d: %w", pid, err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return t, err
	}
	// After the name, which may hold anything, state is field 3; utime is 14, stime 15 (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	t.clock = time.Duration(ts.Nano())
	for _, f := range fields[14-3 : 16-3] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return t, err
		}
		t.ticks += time.Duration(n) * jiffy
	}
	return t, nil
}

// jiffy is 1/USER_HZ, which is 100 on all that Go runs on.
const jiffy = 10 * time.Millisecond

// clocksAgree says whether the two clocks do, since the proxy began to answer.
func (c *contender) clocksAgree() error {
	now, err := cpuOf(c.pid)
	if err != nil {
		return err
	}
	clock, ticks := now.clock-c.began.clock, now.ticks-c.began.ticks
	if off := (clock - ticks).Abs(); off > 3*jiffy && float64(off) > 0.02*float64(clock) {
		return fmt.Errorf("it ran for %v by its clock and for %v by /proc/PID/stat", clock, ticks)
	}
	return nil
}

// memory is what a process holds, in MiB: pages that are mapped, the same with those that others
// have mapped too shared out among them, and what is no file's. Of its program the kernel maps
// more or less, as the pages lie in its cache: some MiB from one build to the next.
type memory struct{ rss, pss, own float64 }

func weightOf(tb testing.TB, pid int) (m memory) {
	tb.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib float64
		if _, err := fmt.Sscanf(lines.Text(), "Rss: %f kB", &kib); err == nil {
			m.rss = kib / 1024
		}
		if _, err := fmt.Sscanf(lines.Text(), "Pss: %f kB", &kib); err == nil {
			m.pss = kib / 1024
		}
		if _, err := fmt.Sscanf(lines.Text(), "Anonymous: %f kB", &kib); err == nil {
			m.own = kib / 1024
		}
	}
	if m.rss == 0 || m.pss == 0 || m.own == 0 {
		tb.Fatalf("process %d weighs nothing", pid)
	}
	return m
}

// blocks are the CPU seconds of one connection or request, block by block.
type blocks []float64

// over are the ratios to others of the same turns.
func (t blocks) over(others blocks) blocks {
	ratios := make(blocks, min(len(t), len(others)))
	for i := range ratios {
		ratios[i] = t[i] / others[i]
	}
	return ratios
}

// median forgets the blocks in which the machine did something else.
func (t blocks) median() float64 { return t.quantile(2) }

// spread is how far apart the quartiles are, in per cent of the median.
func (t blocks) spread() float64 {
	return 100 * (t.quantile(3) - t.quantile(1)) / t.median()
}

func (t blocks) quantile(quarters int) float64 {
	if len(t) == 0 {
		return math.NaN()
	}
	return slices.Sorted(slices.Values(t))[len(t)*quarters/4]
}

// limits are what our proxy may cost at most, as a share of what others do.
var limits = []struct {
	what, of string
	share    float64
}{
	{"connect", "mitmdump", 0.14},
	{"connect", "crypto-tls", 0.85},
	{"request", "mitmdump", 0.06},
	{"request", "goproxy", 0.67},
	{"request", "crypto-tls", 1.2},
	{"streams", "mitmdump", 0.06},
}

// idleLimit is what our proxy may weigh when it is idle, in MiB.
const idleLimit = 20

// table is for a person to read.
func table(rows []*contender) string {
	var s strings.Builder
	w := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nproxy\tversion\tconnect µs CPU\tspread\trequest µs CPU\tspread\tstream µs CPU\tspread\tRSS fresh\tused\tPSS used\tno file's, MiB\tKiB/conn\tclient leg\torigin leg")
	byName := map[string]*contender{}
	for _, c := range rows {
		byName[c.name] = c
		fmt.Fprintf(w, "%s\t%s", c.name, c.version)
		for _, t := range []blocks{c.connect, c.request, c.stream} {
			fmt.Fprintf(w, "\t%.1f\t%.0f%%", t.median()*1e6, t.spread())
		}
		fmt.Fprintf(w, "\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%s\t%s\n", c.fresh.rss, c.used.rss, c.used.pss, c.used.own, c.each, c.legs[0], c.legs[1])
	}
	fmt.Fprintln(w)
	ours := byName["tlslab"]
	for _, l := range limits {
		other, ok := byName[l.of]
		if !ok || ours == nil {
			continue
		}
		pick := map[string]func(*contender) blocks{
			"connect": func(c *contender) blocks { return c.connect },
			"request": func(c *contender) blocks { return c.request },
			"streams": func(c *contender) blocks { return c.stream },
		}[l.what]
		if ratios := pick(ours).over(pick(other)); len(ratios) > 0 {
			fmt.Fprintf(w, "%s\tat most %g of %s\tis %.3f\tspread %.0f%%\tleast by least %.3f\t%s\n", l.what, l.share, l.of, ratios.median(), ratios.spread(),
				slices.Min(pick(ours))/slices.Min(pick(other)), verdict(ratios.median() <= l.share))
		}
	}
	if ours != nil && ours.used.rss > 0 {
		fmt.Fprintf(w, "idle\tat most %d MiB\tis %.1f\t\t\t%s\n", idleLimit, ours.used.rss, verdict(ours.used.rss < idleLimit))
	}
	_ = w.Flush() // into a strings.Builder
	return s.String()
}

func verdict(holds bool) string {
	if holds {
		return "holds"
	}
	return "MISSED"
}
