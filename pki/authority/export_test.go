package authority

// What tests look at, and users need not.

const MaxDraws = maxDraws

var (
	KeyFits = keyFits
	Period  = period
)
