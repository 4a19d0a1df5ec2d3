package peers_test

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// pythonWithGRPC is a Python that has grpc: the distribution's, whatever stands before it on PATH.
func pythonWithGRPC(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if path, err := exec.LookPath(name); err == nil && exec.Command(path, "-c", "import grpc").Run() == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("python3-grpcio is not installed, and CI=true")
	}
	t.Skip("python3-grpcio is not installed: what the proxy does to gRPC is not tested here")
	return ""
}

// grpcServer runs one until the test ends, and returns its port.
func grpcServer(t testing.TB, python string, p *papers) (port string) {
	t.Helper()
	return serves(t, unproxied(t), `listening on (\d+)\n`, "", python, "testdata/grpc_server.py", p.chain, p.key)
}

// TestGRPC: calls of each of the four kinds, statuses in trailers, and calls that are broken off by
// a deadline and by the caller, which the server must hear of, are through the proxy what they are
// without it.
func TestGRPC(t *testing.T) {
	t.Parallel()
	python := pythonWithGRPC(t)
	ids := newPapers(t)
	port := grpcServer(t, python, ids)
	p := stand(t, ids, nil)
	target := net.JoinHostPort("localhost", port)
	ask := func(roots string, env ...string) (string, string, error) {
		return runs(t, unproxied(t, env...), python, "testdata/grpc_client.py", target, roots, "30")
	}
	want, stderr, err := ask(ids.root)
	if err != nil || !strings.HasSuffix(want, "that was all\n") {
		t.Fatalf("without a proxy: %v\n%s%s", err, want, stderr)
	}
	if list := p.entries(); len(list) > 0 {
		t.Fatalf("it went through the proxy: %v", list)
	}
	got, stderr, err := ask(p.root, "https_proxy="+p.url, "http_proxy="+p.url)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, got, stderr)
	}
	if got != want {
		t.Errorf("it got other things than without the proxy: %s", difference(want, got))
	}
	// Echo 4, Count, Sum, Talk, Refuse, Unknown, Half, Wait, Endless, Cancelled 2
	const calls = 14
	trailers := map[string]string{} // grpc-status of each method
	for _, e := range p.await(t, calls) {
		name := strings.TrimPrefix(e.Path, "/lab.Lab/")
		if name == "Wait" && e.Fault == nil { // the server knows the deadline too, and was quicker
			if !slices.ContainsFunc(append(slices.Clone(e.Fields), e.Trailers...), func(f relay.Field) bool { return f.Name == "grpc-status" && (f.Value == "4" || f.Value == "1") }) {
				t.Errorf("a call beyond its deadline is told as %v, %v, %v", e, e.Fields, e.Trailers)
			}
			continue
		}
		if name == "Wait" || name == "Endless" {
			if f := e.Fault; f == nil || f.Side != proxy.SideClient || f.By != proxy.SideClient || f.Cause != proxy.CauseReset || f.Err.Error() != "RST_STREAM CANCEL" {
				t.Errorf("a call that was broken off is told as %v", e)
			}
			continue
		}
		if e.Fault != nil || e.Status != 200 {
			t.Errorf("entry %v", e)
		}
		for _, f := range append(e.Fields, e.Trailers...) { // alone, a status stands in the only head
			if f.Name == "grpc-status" {
				trailers[name] += f.Value + " "
			}
		}
	}
	for name, status := range map[string]string{"Echo": "0 0 0 0 ", "Count": "0 ", "Sum": "0 ", "Talk": "0 ", "Refuse": "9 ", "Unknown": "12 ", "Half": "15 ", "Cancelled": "0 0 "} {
		if trailers[name] != status {
			t.Errorf("grpc-status of %s is told as %q, not %q", name, trailers[name], status)
		}
	}
}

// TestGRPCUntrusting: without the proxy's root there is no connection, and the list says why.
func TestGRPCUntrusting(t *testing.T) {
	t.Parallel()
	python := pythonWithGRPC(t)
	ids := newPapers(t)
	port := grpcServer(t, python, ids)
	p := stand(t, ids, nil)
	got, stderr, err := runs(t, unproxied(t, "https_proxy="+p.url, "http_proxy="+p.url), python, "testdata/grpc_client.py", net.JoinHostPort("localhost", port), ids.root, "3")
	if err == nil || !strings.Contains(stderr, "there is no connection") {
		t.Errorf("it ended with %v\n%s%s", err, got, stderr)
	}
	if f := p.await(t, 1)[0].Fault; f == nil || f.Side != proxy.SideClient || f.By != proxy.SideClient || f.Cause != proxy.CauseLeftAtCertificate {
		t.Errorf("the fault is %v", f)
	}
}
