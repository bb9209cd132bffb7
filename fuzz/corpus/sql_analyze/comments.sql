select 1 /* a /* b */ */ -- c
 not /**/ in (1), 'a' --x
 'b', U&'!0041' /*c*/ uescape '!'