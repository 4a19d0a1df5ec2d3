package narrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlslab/handshake/reason"
)

// The table has what Go says of each of these errors, so English stays Go's.
func TestSystemSaysAsGoDoes(t *testing.T) {
	for _, row := range system {
		if got := row.said.String(); got != row.is.Error() {
			t.Errorf("%q is not %q", got, row.is.Error())
		}
	}
}

// dialled is what comes of a dial to a port of this machine on which nobody listens.
func dialled(t *testing.T) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	_, err = net.Dial("tcp", l.Addr().String())
	return err
}

// late is what comes of a read for which no time is left.
func late() error {
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }()
	_ = a.SetReadDeadline(time.Unix(1, 0))
	_, err := a.Read(make([]byte, 1))
	return err
}

// A Chinese reader reads Chinese of the network and of files, as these errors come and as others wrap them: addresses,
// names of files and hosts stay. An English reader reads what he read.
func TestSystemErrors(t *testing.T) {
	_, missing := os.Open("/nowhere/keys.log")
	_, folder := os.ReadFile("/")
	words := regexp.MustCompile(`[A-Za-z][a-z]{3,}`)
	for _, c := range []struct {
		err  error
		says string
		keep string // the values
	}{
		{dialled(t), "连接被拒绝", "127.0.0.1:"},
		{late(), "超时", ""},
		{missing, "没有这个文件或目录", "/nowhere/keys.log"},
		{folder, "这是一个目录", "/"},
		{&net.DNSError{Err: "no such host", Name: "nowhere.invalid", Server: "127.0.0.53:53", IsNotFound: true}, "没有这个主机名", "nowhere.invalid"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere.invalid"}}, "没有这个主机名", "nowhere.invalid"},
		{&net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 443}, Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "连接被对方重置", "10.0.0.1:443"},
		{&net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)}, "对方已不再接收", ""},
		{&net.OpError{Op: "listen", Net: "tcp", Addr: &net.TCPAddr{Port: 80}, Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}, "地址已被占用", ":80"},
		{&net.OpError{Op: "splice", Net: "tcp", Addr: &net.TCPAddr{Port: 80}, Err: syscall.EACCES}, "没有权限", ""},
		{&fs.PathError{Op: "open", Path: "a.pem", Err: fs.ErrPermission}, "没有权限", "a.pem"},
		{context.DeadlineExceeded, "超过时限", ""},
		{errors.Join(errors.New("x"), syscall.ENOSPC), "磁盘空间不足", "x"},
		{reason.New(reason.Internal, "", "", nil, nil), "", ""},
		{reason.Because("%v", dialled(t)), "连接被拒绝", "127.0.0.1:"},
	} {
		for _, wrapped := range []error{c.err, fmt.Errorf("--x y: %w", c.err)} {
			got := Fault(Zh, wrapped)
			if !strings.Contains(got, c.says) || !strings.Contains(got, c.keep) {
				t.Errorf("%v: %q", wrapped, got)
			}
			if c.says == "" {
				continue
			}
			if rest := words.FindString(strings.ReplaceAll(got, c.keep, "")); rest != "" {
				t.Errorf("%v: %q stays English in %q", wrapped, rest, got)
			}
			if got := Fault(En, wrapped); got != strings.ReplaceAll(wrapped.Error(), "\n", `\n`) {
				t.Errorf("%v is in English %q", wrapped, got)
			}
		}
	}
}
