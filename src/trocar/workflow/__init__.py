"""The few verbs that join the rooms: compute, evaluate, compare, explain, check. Pure: values in, values out."""
