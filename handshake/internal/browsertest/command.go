package browsertest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Start builds the command tlslab and starts it, in a directory of its own, with args. pipe takes what it
// says, from standard output or standard error. end stops it and removes the directory; it is there
// to be called whatever the error is.
func Start(pipe func(*exec.Cmd) (io.ReadCloser, error), args ...string) (said io.Reader, end func(), err error) {
	dir, err := os.MkdirTemp("", "tlslab")
	if err != nil {
		return nil, func() {}, err
	}
	end = func() { _ = os.RemoveAll(dir) }
	program := filepath.Join(dir, "tlslab")
	if out, err := exec.Command("go", "build", "-o", program, "tlslab/cmd/tlslab").CombinedOutput(); err != nil {
		return nil, end, errors.New(string(out))
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	if said, err = pipe(cmd); err != nil {
		return nil, end, err
	}
	if err := cmd.Start(); err != nil {
		return nil, end, err
	}
	return said, func() {
		_ = cmd.Process.Kill() // it keeps nothing
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}, nil
}
