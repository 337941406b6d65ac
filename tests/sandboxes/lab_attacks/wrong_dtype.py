"""Return text."""



def pack(count, seed):
    return ["a"] * count, ["b"] * count
