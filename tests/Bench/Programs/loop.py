# What interpreters do most: attributes, calls, integers, lists, dictionaries and strings.


class Record:
    def __init__(self, number, name):
        self.number = number
        self.name = name
        self.next = None

    def step(self, by):
        self.number = (self.number * 31 + by) % 1000003
        return self.number


def chain(length):
    first = Record(1, "first")
    last = first
    for i in range(length):
        last.next = Record(i, "record %d" % i)
        last = last.next
    last.next = first
    return first


def walk(record, steps, counts):
    total = 0
    for i in range(steps):
        value = record.step(i)
        if value & 1:
            total += value
        else:
            total ^= value
        key = record.name[-2:]
        counts[key] = counts.get(key, 0) + 1
        record = record.next
    return total


def primes(below):
    flags = [True] * below
    for i in range(2, int(below ** 0.5) + 1):
        if flags[i]:
            flags[i * i::i] = [False] * len(range(i * i, below, i))
    return sum(1 for i in range(2, below) if flags[i])


counts = {}
print(walk(chain(1000), 250000, counts), primes(300000), sorted(counts.items())[:5])
words = " ".join("word%d" % (i * 7919 % 5003) for i in range(40000)).split()
print(len(set(words)), max(words), "".join(sorted(words))[-20:])
