package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/foreign"
)

// fileOf is a piece in a file.
func fileOf(t *testing.T, text string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "piece"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSpoolFiles: what waits in a file comes in its place, whole, and no more of them wait
// than there is room for.
func TestSpoolFiles(t *testing.T) {
	r, w := io.Pipe()
	s := NewSpool(w, func(n int) string { return fmt.Sprintf("(%d missing)\n", n) })
	long := strings.Repeat("a long line\n", spoolPiece)
	var want strings.Builder
	for i := range 3 {
		line := fmt.Sprintf("line %d\n", i)
		if _, err := s.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if err := s.file(fileOf(t, long)); err != nil {
			t.Fatal(err)
		}
		want.WriteString(line + long)
	}
	files := 3
	for ; s.lostSoFar() == 0; files++ {
		if files > 2*spoolFiles {
			t.Fatal("there is always room")
		}
		if err := s.file(fileOf(t, "x\n")); err != nil {
			t.Fatal(err)
		}
	}
	for range files - 4 {
		want.WriteString("x\n")
	}
	want.WriteString("(1 missing)\n")
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want.String() {
		t.Errorf("%v: not in order, or not whole: ends in %q", err, got[len(got)-100:])
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func (s *Spool) lostSoFar() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// TestSpool: pieces come out whole and in order; what has no room is counted, and told where
// it is missing.
func TestSpool(t *testing.T) {
	r, w := io.Pipe()
	s := NewSpool(w, func(n int) string { return fmt.Sprintf("(%d missing)\n", n) })
	piece := append(bytes.Repeat([]byte("x"), spoolSize/4-1), '\n')
	for range 20 {
		if n, err := s.Write(piece); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	lines := bufio.NewReader(r)
	whole := 0
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var missing int
		if _, err := fmt.Sscanf(line, "(%d missing)", &missing); err == nil {
			if whole < 4 || whole+missing != 20 {
				t.Errorf("%d pieces and %d missing, of 20", whole, missing)
			}
			break
		}
		if whole++; line != string(piece) {
			t.Fatal("a piece in pieces")
		}
	}
	go s.Write([]byte("last\n"))
	if line, err := lines.ReadString('\n'); line != "last\n" {
		t.Errorf("behind the gap %q, %v", line, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSpoolSlowly: who is slow, and has not stopped, gets all of it when the program ends,
// however long that takes.
func TestSpoolSlowly(t *testing.T) {
	r, w := io.Pipe()
	s := NewSpool(w, nil)
	text := bytes.Repeat([]byte("a line\n"), spoolSize/7)
	if _, err := s.Write(text); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(text); err != ErrUnread { // the one that is being carried off has made room
		_, err = s.Write(text)
		if err != ErrUnread {
			t.Errorf("two times as much as there is room for: %v", err)
		}
	}
	ended := make(chan error)
	go func() { ended <- s.Close() }()
	pieces := 0
	for got := 0; got < len(text); {
		n, err := r.Read(make([]byte, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		if got += n; n > spoolPiece {
			t.Fatalf("%d bytes at one go: nobody could tell a slow reader from none", n)
		}
		pieces++
	}
	go io.Copy(io.Discard, r)
	if err := <-ended; err != nil || pieces < spoolSize/spoolPiece {
		t.Errorf("%d pieces, %v", pieces, err)
	}
}

// TestSpoolLeft: what is in a pipe that nobody reads on ends behind a line, and it is an error.
func TestSpoolLeft(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := NewSpool(w, func(n int) string { return fmt.Sprintf("(%d missing)\n", n) })
	const pieces, lines = 100, 300
	line := strings.Repeat("x", 76) + "\n" // divides neither a pipe nor what it takes whole
	for range pieces {
		if _, err := s.Write([]byte(strings.Repeat(line, lines))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != ErrUnread {
		t.Fatal(err)
	}
	got := make([]byte, pieces*lines*len(line))
	n, err := r.Read(got) // all that there is
	if err != nil {
		t.Fatal(err)
	}
	if taken := strings.Count(string(got[:n]), line); taken == 0 || taken*len(line) != n {
		t.Errorf("%d bytes are %d lines and a part of one: %q", n, taken, got[n-n%len(line):n])
	}
	w.Close() // or the spool would write on
}

// TestWholeCutsNoCharacter: a document that waited in a file goes out in pieces, which end where a character does.
func TestWholeCutsNoCharacter(t *testing.T) {
	for before := range 3 { // one of these puts a character across the end of any piece
		want := strings.Repeat("-", before) + strings.Repeat("证书", 20<<10) + "\n"
		f := fileOf(t, want)
		var out bytes.Buffer
		o := &Output{Writer: foreign.NewWriter(&out, false)}
		if err := o.Whole(f); err != nil || out.String() != want {
			t.Errorf("%d before: %v, %d bytes in place of %d, escapes: %v", before, err, out.Len(), len(want), strings.Contains(out.String(), `\x`))
		}
	}
}
