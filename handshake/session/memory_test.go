package session_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tlslab/handshake/session"
)

func TestMemory(t *testing.T) {
	m := session.NewMemory(3)
	value := []byte("v")
	for i := range 5 {
		if err := m.Put(fmt.Sprint(i), value, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	value[0] = 'x' // the store has its own copy
	if m.Len() != 3 {
		t.Errorf("%d entries in a store for 3", m.Len())
	}
	for key, want := range map[string]string{"0": "", "1": "", "2": "v", "4": "v"} {
		if got, err := m.Get(key, start); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", key, got, err, want)
		}
	}
	if got, _ := m.Get("4", start.Add(time.Hour)); got != nil {
		t.Error("an entry outlived its end")
	}
	if err := m.Delete("3"); err != nil {
		t.Fatal(err)
	}
	if got, _ := m.Get("3", start); got != nil {
		t.Error("a deleted entry is still there")
	}
}

// TestLoad: 100,000 sessions with lifetimes of a second to an hour, put and taken by many
// at once while a clock that is ours goes on: the store stays within its bounds, and
// nothing that it gives has expired.
func TestLoad(t *testing.T) {
	const sessions, capacity, workers = 100_000, 20_000, 8
	m := session.NewMemory(capacity)
	before := heap()
	var elapsed atomic.Int64
	var wg sync.WaitGroup
	var found atomic.Int64
	for w := range workers {
		wg.Go(func() {
			s := sample()
			for i := w; i < sessions; i += workers {
				now := start.Add(time.Duration(elapsed.Add(int64(50 * time.Millisecond))))
				s.Created, s.Lifetime = now, time.Duration(1+i%3600)*time.Second
				b, err := s.Marshal()
				if err != nil {
					t.Error(err)
					return
				}
				if err := m.Put(fmt.Sprint(i), b, now.Add(s.Lifetime)); err != nil {
					t.Error(err)
					return
				}
				get := m.Get
				if i%5 == 0 {
					get = m.Take
				}
				if b, _ := get(fmt.Sprint(i-i%7*workers), now); b != nil {
					found.Add(1)
					if got, err := session.Parse(b); err != nil || !now.Before(got.Created.Add(got.Lifetime)) {
						t.Errorf("at %v there is %+v, %v", now, got, err)
					}
				}
				if n := m.Len(); n > capacity {
					t.Errorf("%d sessions in a store for %d", n, capacity)
				}
			}
		})
	}
	wg.Wait()
	if found.Load() < sessions/4 {
		t.Errorf("only %d sessions were ever found again", found.Load())
	}
	if got := heap() - before; got > capacity*1024 {
		t.Errorf("%d sessions take %d bytes each", m.Len(), got/int64(m.Len()))
	}

	end := start.Add(time.Duration(elapsed.Load()) + time.Hour)
	for i := range sessions {
		if b, _ := m.Get(fmt.Sprint(i), end); b != nil {
			t.Fatalf("session %d outlived its end", i)
		}
	}
	if m.Len() != 0 {
		t.Errorf("%d sessions that have expired are still in memory", m.Len())
	}
}

// TestMarksSize: a mark is as small as the doc says, however long its key.
func TestMarksSize(t *testing.T) {
	const n = 100_000
	m := session.NewMemory(n / 10)
	before := heap()
	long := strings.Repeat("k", 1000)
	for i := range n {
		once(t, m, long+fmt.Sprint(i), start.Add(time.Hour), start)
	}
	if got := (heap() - before) / n; got > 250 {
		t.Errorf("a mark takes %d bytes", got)
	}
	if m.Marks() != n {
		t.Errorf("%d marks", m.Marks())
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first one found dead by way of a pool
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// TestLongValues: the bound is one of bytes, too.
func TestLongValues(t *testing.T) {
	m := session.NewMemory(1000)
	long := make([]byte, 1<<20)
	for i := range 10 {
		if err := m.Put(fmt.Sprint(i), long, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := m.Put("the same", long, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if m.Len() != 3 { // of 1000 times 4 KiB, keys counted
		t.Errorf("%d values of 1 MiB", m.Len())
	}
	if err := m.Put("x", make([]byte, 5<<20), start.Add(time.Hour)); !errors.Is(err, session.ErrTooLong) {
		t.Errorf("a value of 5 MiB: %v", err)
	}
	if b, _ := m.Get("9", start); len(b) != len(long) {
		t.Error("the newest value is gone")
	}
}

func TestTake(t *testing.T) {
	m := session.NewMemory(0)
	for range 100 {
		if err := m.Put("k", []byte("v"), start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		var took atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if b, _ := m.Take("k", start); b != nil {
					took.Add(1)
				}
			})
		}
		wg.Wait()
		if took.Load() != 1 {
			t.Fatalf("%d took it", took.Load())
		}
	}
	if err := m.Put("k", []byte("v"), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if b, _ := m.Take("k", start.Add(time.Hour)); b != nil {
		t.Error("taken after its end")
	}
}

// once fails the test on an error, and reports whether the mark was the first.
func once(t *testing.T, s session.Store, key string, expires, now time.Time) bool {
	t.Helper()
	first, err := s.Once(key, expires, now)
	if err != nil {
		t.Fatalf("%s at %v: %v", key, now, err)
	}
	return first
}

func TestOnce(t *testing.T) {
	m := session.NewMemory(0)
	end := start.Add(time.Minute)
	if !once(t, m, "k", end, start) || once(t, m, "k", end, start) || !once(t, m, "other", end, start) {
		t.Error("not exactly the first is first")
	}
	if once(t, m, "k", end.Add(time.Hour), end.Add(-1)) {
		t.Error("forgotten before it expired")
	}
	if err := m.Delete("k"); err != nil {
		t.Fatal(err)
	}
	if err := m.Put("k", nil, end); err != nil || once(t, m, "k", end, start) {
		t.Errorf("a value and a mark of one name know of each other: %v", err)
	}
	if !once(t, m, "k", end.Add(time.Hour), end) {
		t.Error("asking in between prolonged it")
	}
	if _, err := m.Once("new", end, end); !errors.Is(err, session.ErrExpired) {
		t.Errorf("a mark without a time: %v", err)
	}
}

// TestOnceTogether: of a thousand who ask at once one is first.
func TestOnceTogether(t *testing.T) {
	m := session.NewMemory(0)
	var first atomic.Int64
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			if ok, err := m.Once("k", start.Add(time.Minute), start); err != nil {
				t.Error(err)
			} else if ok {
				first.Add(1)
			}
		})
	}
	wg.Wait()
	if first.Load() != 1 {
		t.Errorf("%d were first", first.Load())
	}
}

// TestOnceClockBack: a mark that was wiped out by a clock that was ahead does not let the
// same thing pass again by one that is behind.
func TestOnceClockBack(t *testing.T) {
	m := session.NewMemory(0)
	end := start.Add(time.Minute)
	once(t, m, "k", end, start)
	once(t, m, "another", end.Add(time.Hour), end)
	if first, err := m.Once("k", end, start); first || !errors.Is(err, session.ErrExpired) {
		t.Errorf("first %v, %v", first, err)
	}
}

// TestFullOfMarks: no mark goes for another; room comes when they expire, and not before.
func TestFullOfMarks(t *testing.T) {
	m := session.NewMemory(100) // and so 1000 marks
	at := func(i int) time.Time { return start.Add(time.Hour + time.Duration(i)*time.Second) }
	long := strings.Repeat("k", 1000)
	for i := range 1000 {
		if !once(t, m, long+fmt.Sprint(i), at(i), start) {
			t.Fatal(i)
		}
	}
	for i := range 200 { // values do not count
		if err := m.Put(fmt.Sprint(i), nil, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if first, err := m.Once("one more", at(5000), start); first || !errors.Is(err, session.ErrFull) {
		t.Errorf("one more: %v, %v", first, err)
	}
	for i := range 1000 {
		if once(t, m, long+fmt.Sprint(i), at(5000), start) {
			t.Fatalf("mark %d was forgotten", i)
		}
	}
	for i := range 1000 { // one leaves as one comes
		if !once(t, m, fmt.Sprint("new ", i), at(5000), at(i)) {
			t.Fatalf("new mark %d is not new", i)
		}
		if _, err := m.Once("one more", at(5000), at(i)); !errors.Is(err, session.ErrFull) {
			t.Fatalf("at %d: %v", i, err)
		}
	}
	if n := m.Marks(); n != 1000 {
		t.Errorf("%d marks in a store for 1000", n)
	}
	for range 200 {
		once(t, m, "the last", at(90_000), at(50_000))
	}
	if n := m.Marks(); n != 1 {
		t.Errorf("%d marks are left of which one is live", n)
	}
}

// TestBegan: a Memory began when it was first told the time, by whichever call.
func TestBegan(t *testing.T) {
	for name, tell := range map[string]func(*session.Memory){
		"Began": func(m *session.Memory) { _, _ = m.Began(start) },
		"Get":   func(m *session.Memory) { _, _ = m.Get("k", start) },
		"Take":  func(m *session.Memory) { _, _ = m.Take("k", start) },
		"Once":  func(m *session.Memory) { _, _ = m.Once("k", start.Add(1), start) },
	} {
		m := session.NewMemory(0)
		tell(m)
		if at, err := m.Began(start.Add(time.Hour)); err != nil || !at.Equal(start) {
			t.Errorf("told by %s: %v, %v", name, at, err)
		}
	}
}
