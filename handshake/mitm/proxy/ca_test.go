package proxy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// TestLoadCA: made once, for its owner alone, and in each directory another.
func TestLoadCA(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "ca")
	first, made, err := proxy.LoadCA(dir)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, proxy.CAKeyFile: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
	again, made, err := proxy.LoadCA(dir)
	if err != nil || made || !again.Cert.Equal(first.Cert) {
		t.Errorf("loaded again it is another: %t, %v", made, err)
	}
	other, _, err := proxy.LoadCA(t.TempDir())
	if err != nil || other.Cert.Equal(first.Cert) || string(other.Cert.RawSubject) == string(first.Cert.RawSubject) ||
		fmt.Sprint(other.Cert.PublicKey) == fmt.Sprint(first.Cert.PublicKey) {
		t.Errorf("another directory has the same: %v", err)
	}
	if c := first.Cert; !c.IsCA || !c.MaxPathLenZero || c.CheckSignatureFrom(c) != nil {
		t.Errorf("the root is no root: %+v", c)
	}
}

// TestLoadCARefuses: half a CA, another's key, and what is no CA at all; nothing is overwritten.
func TestLoadCARefuses(t *testing.T) {
	t.Parallel()
	file := func(dir, name string) string { return filepath.Join(dir, name) }
	for name, spoil := range map[string]func(dir, other string) error{
		"no key": func(dir, _ string) error { return os.Remove(file(dir, proxy.CAKeyFile)) },
		"another's key": func(dir, other string) error {
			return os.Rename(file(other, proxy.CAKeyFile), file(dir, proxy.CAKeyFile))
		},
		"another's certificate": func(dir, other string) error { return os.Rename(file(other, proxy.CAFile), file(dir, proxy.CAFile)) },
		"no PEM":                func(dir, _ string) error { return os.WriteFile(file(dir, proxy.CAFile), []byte("hello"), 0o600) },
		"an empty key":          func(dir, _ string) error { return os.WriteFile(file(dir, proxy.CAKeyFile), nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, other := t.TempDir(), t.TempDir()
			for _, d := range []string{dir, other} {
				if _, _, err := proxy.LoadCA(d); err != nil {
					t.Fatal(err)
				}
			}
			if err := spoil(dir, other); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, made, err := proxy.LoadCA(dir); err == nil || made {
				t.Error("it was taken")
			}
			if after, err := os.ReadDir(dir); err != nil || len(after) != len(before) {
				t.Errorf("there were %d files, and are %d", len(before), len(after))
			}
		})
	}
}

// TestLoadCAUnfinished: a key without its root is nobody's CA. One is made, and the key kept.
func TestLoadCAUnfinished(t *testing.T) {
	dir := t.TempDir()
	first, _, err := proxy.LoadCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, proxy.CAKeyFile)
	was, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, proxy.CAFile)); err != nil {
		t.Fatal(err)
	}
	ca, made, err := proxy.LoadCA(dir)
	if err != nil || !made || ca.Cert.Equal(first.Cert) {
		t.Fatal(made, err)
	}
	if kept, err := os.ReadFile(key + ".old"); err != nil || string(kept) != string(was) {
		t.Errorf("the key that was there: %v", err)
	}
	if again, made, err := proxy.LoadCA(dir); err != nil || made || !again.Cert.Equal(ca.Cert) {
		t.Errorf("loaded again it is another: %t, %v", made, err)
	}
}

// TestLoadCARace: of several that find none at once, all get the same.
func TestLoadCARace(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		var wg sync.WaitGroup
		var roots [4]string
		var made [4]bool
		for i := range roots {
			wg.Go(func() {
				ca, m, err := proxy.LoadCA(dir)
				if err != nil {
					t.Error(err)
					return
				}
				roots[i], made[i] = string(ca.Cert.Raw), m
			})
		}
		wg.Wait()
		makers := 0
		for i := range roots {
			if made[i] {
				makers++
			}
			if roots[i] != roots[0] {
				t.Error("two roots")
			}
		}
		if makers != 1 {
			t.Errorf("%d have made it", makers)
		}
		if t.Failed() {
			return
		}
	}
}
