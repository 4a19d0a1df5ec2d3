//go:build unix

package explain_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"tlslab/handshake/explain"
)

// What Chromium says today, to a port that takes everything and answers nothing: its hello comes in
// several datagrams, in pieces, out of order, with PADDING and PING between them.
func TestQUICChromium(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("chromium is not installed")
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	port := conn.LocalAddr().(*net.UDPAddr).Port
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "chromium") // its processes may write to it for a moment longer
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--user-data-dir="+dir,
		"--enable-quic", fmt.Sprintf("--origin-to-force-quic-on=quic.lab.test:%d", port), "--host-resolver-rules=MAP quic.lab.test 127.0.0.1", "--dump-dom", fmt.Sprintf("https://quic.lab.test:%d/", port))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()

	// The datagrams, as a capture file: bare IP, written by nobody but this test.
	file := bytes.Clone(emptyFile)
	b := make([]byte, 1<<16)
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		size, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			t.Fatalf("after %d datagrams no hello is whole: %v", n-1, err)
		}
		file = appendDatagram(file, from, uint16(port), b[:size])
		all, _, err := read(t, file, explain.Options{})
		if err != nil || len(all) == 0 {
			t.Fatalf("%d datagrams: %d connections, %v", n, len(all), err)
		}
		for _, c := range all {
			if c.ServerName == "quic.lab.test" && len(c.Offered) == 1 && c.Offered[0] == "h3" {
				t.Logf("%s in %d datagrams", account(c), n)
				return
			}
		}
	}
}

// appendDatagram appends a packet to a pcap file of bare IP.
func appendDatagram(file []byte, from netip.AddrPort, port uint16, payload []byte) []byte {
	udp := len(payload) + 8
	ip := udp + 20
	file = append(file, 1, 0, 0, 0, 2, 0, 0, 0, byte(ip), byte(ip>>8), 0, 0, byte(ip), byte(ip>>8), 0, 0)
	file = append(file, 0x45, 0, byte(ip>>8), byte(ip), 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1)
	file = append(file, byte(from.Port()>>8), byte(from.Port()), byte(port>>8), byte(port), byte(udp>>8), byte(udp), 0, 0)
	return append(file, payload...)
}
