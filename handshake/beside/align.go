package beside

// pair is an element of either sequence: -1 for none.
type pair struct{ i, j int }

// align matches as many elements of two sequences as can be matched in order (the longest common
// subsequence). What is not matched stands alone, the left sequence's first.
func align(n, m int, same func(i, j int) bool) []pair {
	// longest[i][j] is how many can be matched of those from i and from j on.
	longest := make([][]int, n+1)
	for i := range longest {
		longest[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if same(i, j) {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var out []pair
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case i < n && j < m && same(i, j):
			out = append(out, pair{i, j})
			i, j = i+1, j+1
		case j == m || i < n && longest[i+1][j] >= longest[i][j+1]:
			out = append(out, pair{i, -1})
			i++
		default:
			out = append(out, pair{-1, j})
			j++
		}
	}
	return out
}

// together joins those that stand alone on either side between two matches, in their order.
func together(pairs []pair) (out []pair) {
	var left, right []int
	flush := func() {
		for k := range max(len(left), len(right)) {
			p := pair{-1, -1}
			if k < len(left) {
				p.i = left[k]
			}
			if k < len(right) {
				p.j = right[k]
			}
			out = append(out, p)
		}
		left, right = nil, nil
	}
	for _, p := range pairs {
		switch {
		case p.j < 0:
			left = append(left, p.i)
		case p.i < 0:
			right = append(right, p.j)
		default:
			flush()
			out = append(out, p)
		}
	}
	flush()
	return out
}
