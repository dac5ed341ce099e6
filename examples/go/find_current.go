package main

import (
	"context"
	"errors"

	pb "keyturn.example/keyturn/v1"
)

// findCurrent asks the service which of the stored keys it has, by updates that can change nothing. It returns that key
// and the new one of the open rotation, which are the same if the rotation has taken effect; the refusal if it is none.
//
// The old key is asked for before the new one: an update that is still under way can make the new one current, never the
// old one.
func (c *client) findCurrent(ctx context.Context, state *rotationState, refused *refusal) (current, next key, err error) {
	next, err = state.key(state.Pending.NewThumbprint)
	if err != nil {
		return key{}, key{}, err
	}
	for _, candidate := range candidates(state) {
		stored, err := state.key(candidate)
		if err != nil {
			return key{}, key{}, err
		}
		for _, algorithm := range spellings(stored.algorithm) {
			stored.algorithm = algorithm
			is, err := c.isCurrent(ctx, stored)
			if err != nil {
				return key{}, key{}, err
			}
			if is {
				return stored, next, nil
			}
		}
	}
	return key{}, key{}, refused
}

// candidates are the thumbprints of the old key, the new one, and the others, newest first.
func candidates(state *rotationState) []string {
	old, next := state.Pending.OldThumbprint, state.Pending.NewThumbprint
	found := []string{old, next}
	for i := len(state.Keys) - 1; i >= 0; i-- {
		if thumbprint := state.Keys[i].Thumbprint; thumbprint != old && thumbprint != next {
			found = append(found, thumbprint)
		}
	}
	return found
}

// spellings are the names that an algorithm may have; a service may take one of the two for Ed25519 and not the other.
func spellings(algorithm string) []string {
	if algorithm == "ES256" {
		return []string{algorithm}
	}
	return []string{"EdDSA", "Ed25519"}
}

// isCurrent sends a probe. The service looks at the JWT before it looks at the key inside, which is none.
func (c *client) isCurrent(ctx context.Context, candidate key) (bool, error) {
	jwt, err := signUpdate(candidate, c.device, "none", 0)
	if err != nil {
		return false, err
	}
	var refused *refusal
	if _, err = c.send(ctx, jwt, "none"); !errors.As(err, &refused) {
		return false, err
	}
	return refused.reason != pb.ErrorReason_ERROR_REASON_DEVICE_UNAUTHENTICATED, nil
}
