//! Laws that hold for every fleet, judged by a program that shares nothing with placement.
