namespace Hearth.Machine;

/// <summary>A binary heap of armed timers, earliest first. Every timer knows its place, so moving one needs no search.</summary>
/// <remarks>The caller holds the clock's lock. Room is made when a timer is created, so arming one never allocates.</remarks>
internal sealed class TimerHeap
{
    private ClockTimer[] _items = new ClockTimer[16];
    private int _count;
    private int _created;

    public ClockTimer? First => _count == 0 ? null : _items[0];

    public void Reserve()
    {
        if (++_created > _items.Length)
            Array.Resize(ref _items, _items.Length * 2);
    }

    public void Release() => _created--;

    public void Set(ClockTimer timer, long deadline)
    {
        timer.Deadline = deadline;
        if (timer.HeapIndex < 0)
            timer.HeapIndex = _count++;
        MoveUp(timer, timer.HeapIndex);
        MoveDown(timer, timer.HeapIndex);
    }

    public void Remove(ClockTimer timer)
    {
        int index = timer.HeapIndex;
        if (index < 0)
            return;
        timer.HeapIndex = -1;
        ClockTimer last = _items[--_count];
        _items[_count] = null!;
        if (ReferenceEquals(last, timer))
            return;
        MoveUp(last, index);
        MoveDown(last, last.HeapIndex);
    }

    private void MoveUp(ClockTimer timer, int index)
    {
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (_items[parent].Deadline <= timer.Deadline)
                break;
            Place(_items[parent], index);
            index = parent;
        }

        Place(timer, index);
    }

    private void MoveDown(ClockTimer timer, int index)
    {
        while (true)
        {
            int child = (index * 2) + 1;
            if (child >= _count)
                break;
            if (child + 1 < _count && _items[child + 1].Deadline < _items[child].Deadline)
                child++;
            if (_items[child].Deadline >= timer.Deadline)
                break;
            Place(_items[child], index);
            index = child;
        }

        Place(timer, index);
    }

    private void Place(ClockTimer timer, int index)
    {
        _items[index] = timer;
        timer.HeapIndex = index;
    }
}
