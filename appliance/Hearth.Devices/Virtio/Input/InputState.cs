using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Input;

/// <summary>
/// Where everything on an input device is: keys, axes, fingers, and movement that was not told yet. A device has it twice, as it is and as
/// the guest knows it, and what it reports is the difference. Not synchronized; nothing is allocated.
/// </summary>
internal sealed class InputState
{
    private const int WordBits = 64;
    private const int FirstTouchAxis = 0x30;
    private const int TouchAxisCount = 14;
    private const int TrackingAxis = InputCode.TouchTrackingId - FirstTouchAxis;
    private const int NoTouch = -1;

    // Movement while the guest does not look is of no use to it for long.
    private const int MaximumMovement = 1 << 14;

    private readonly InputProfile _profile;
    private readonly ulong[] _keys = new ulong[InputCode.KeyCount / WordBits];
    private readonly ulong[] _knownKeys = new ulong[InputCode.KeyCount / WordBits];
    private readonly int[] _movement = new int[InputCode.RelativeCount];
    private readonly int[] _axes = new int[InputCode.AbsoluteCount];
    private readonly AbsoluteAxis?[] _knownAxes = new AbsoluteAxis?[InputCode.AbsoluteCount];
    private readonly bool[] _knownMovement = new bool[InputCode.RelativeCount];
    private readonly int[] _touches;
    private int _slot;

    public InputState(InputProfile profile)
    {
        _profile = profile;
        _touches = new int[profile.SlotCount * TouchAxisCount];
        foreach (ushort key in profile.Keys)
            _knownKeys[key / WordBits] |= 1UL << (key % WordBits);
        foreach (AbsoluteAxis axis in profile.Axes)
            _knownAxes[axis.Code] = axis;
        foreach (ushort code in profile.Relative)
            _knownMovement[code] = true;
        Clear();
    }

    /// <summary>To the state after power-on: nothing pressed, everything at zero.</summary>
    public void Clear()
    {
        Array.Clear(_keys);
        Array.Clear(_movement);
        Array.Clear(_axes);
        Array.Clear(_touches);
        _slot = 0;
        LiftFingers();
    }

    /// <summary>Lets go of everything; a pointer stays where it is.</summary>
    public void ReleaseAll()
    {
        Array.Clear(_keys);
        Array.Clear(_movement);
        LiftFingers();
        foreach (AbsoluteAxis axis in _profile.Axes)
        {
            if (axis.ReturnsToRest)
                _axes[axis.Code] = 0;
        }
    }

    /// <summary>Follows an event; one that the device does not have is ignored, and one out of its range is brought into it.</summary>
    public void Apply(InputEvent change)
    {
        switch (change.Type)
        {
            case InputEventType.Key when change.Code < InputCode.KeyCount && change.Value is 0 or 1:
                ulong bit = (1UL << (change.Code % WordBits)) & _knownKeys[change.Code / WordBits];
                ref ulong word = ref _keys[change.Code / WordBits];
                word = change.Value == 0 ? word & ~bit : word | bit;
                break;
            case InputEventType.Relative when change.Code < InputCode.RelativeCount && _knownMovement[change.Code]:
                _movement[change.Code] = (int)Math.Clamp((long)_movement[change.Code] + change.Value, -MaximumMovement, MaximumMovement);
                break;
            case InputEventType.Absolute when change.Code < InputCode.AbsoluteCount && _knownAxes[change.Code] is { } axis:
                Move(axis, change.Value);
                break;
        }
    }

    /// <summary>Writes what has changed against what the guest knows, as much as fits.</summary>
    /// <param name="told">What the guest knows.</param>
    /// <param name="to">Room for at least 16 events.</param>
    /// <returns>How many events were written; zero when there is nothing to tell.</returns>
    public int Difference(InputState told, Span<InputEvent> to)
    {
        int count = 0;
        AddTouches(told, to, ref count);
        AddKeys(told, to, ref count);
        for (ushort code = 0; code < InputCode.RelativeCount; code++)
            Add(_movement[code] != 0, new InputEvent(InputEventType.Relative, code, _movement[code]), to, ref count);
        foreach (AbsoluteAxis axis in _profile.Axes)
        {
            if (!IsOfSlot(axis.Code) && axis.Code != InputCode.TouchSlot)
                Add(_axes[axis.Code] != told._axes[axis.Code], new InputEvent(InputEventType.Absolute, axis.Code, _axes[axis.Code]), to, ref count);
        }

        return count;
    }

    /// <summary>Follows an event that the guest was told of; movement leaves nothing behind.</summary>
    public void Settle(InputEvent told)
    {
        if (told.Type != InputEventType.Relative)
            Apply(told);
    }

    /// <summary>Movement is told once.</summary>
    public void TakeBack(InputEvent told)
    {
        if (told.Type == InputEventType.Relative)
            _movement[told.Code] -= told.Value;
    }

    public void Save(IStateWriter to)
    {
        foreach (ulong word in _keys)
            to.WriteUInt64(word);
        foreach (int value in (ReadOnlySpan<int>)[.. _movement, .. _axes, .. _touches])
            to.WriteUInt32((uint)value);
        to.WriteByte((byte)_slot);
    }

    public void Restore(IStateReader from)
    {
        for (int i = 0; i < _keys.Length; i++)
            _keys[i] = from.ReadUInt64() & _knownKeys[i];
        for (int code = 0; code < _movement.Length; code++)
            _movement[code] = ReadMovement(from, code);
        for (int code = 0; code < _axes.Length; code++)
            _axes[code] = ReadAxis(from, code);
        for (int i = 0; i < _touches.Length; i++)
            _touches[i] = ReadTouch(from, (i % TouchAxisCount) + FirstTouchAxis);
        _slot = Math.Min(from.ReadByte(), Math.Max(0, _profile.SlotCount - 1));
    }

    private static bool IsOfSlot(ushort code) => code >= FirstTouchAxis && code < FirstTouchAxis + TouchAxisCount;

    private static void Add(bool isNeeded, InputEvent change, Span<InputEvent> to, ref int count)
    {
        if (isNeeded && count < to.Length)
            to[count++] = change;
    }

    private void Move(AbsoluteAxis axis, int value)
    {
        if (axis.Code == InputCode.TouchSlot)
            _slot = Math.Clamp(value, 0, _profile.SlotCount - 1);
        else if (axis.Code == InputCode.TouchTrackingId)
            _touches[(_slot * TouchAxisCount) + TrackingAxis] = Math.Clamp(value, NoTouch, axis.Maximum);
        else if (IsOfSlot(axis.Code))
            _touches[(_slot * TouchAxisCount) + axis.Code - FirstTouchAxis] = Math.Clamp(value, axis.Minimum, axis.Maximum);
        else
            _axes[axis.Code] = Math.Clamp(value, axis.Minimum, axis.Maximum);
    }

    private void LiftFingers()
    {
        for (int slot = 0; slot < _profile.SlotCount; slot++)
            _touches[(slot * TouchAxisCount) + TrackingAxis] = NoTouch;
    }

    /// <summary>A slot's changes follow its number, the touch itself first, and are told whole or not at all.</summary>
    private void AddTouches(InputState told, Span<InputEvent> to, ref int count)
    {
        int slotKnown = told._slot;
        for (int slot = 0; slot < _profile.SlotCount && to.Length - count > TouchAxisCount; slot++)
        {
            ReadOnlySpan<int> now = _touches.AsSpan(slot * TouchAxisCount, TouchAxisCount);
            ReadOnlySpan<int> before = told._touches.AsSpan(slot * TouchAxisCount, TouchAxisCount);
            if (now.SequenceEqual(before))
                continue;
            Add(slot != slotKnown, new InputEvent(InputEventType.Absolute, InputCode.TouchSlot, slot), to, ref count);
            slotKnown = slot;
            Add(now[TrackingAxis] != before[TrackingAxis], new InputEvent(InputEventType.Absolute, InputCode.TouchTrackingId, now[TrackingAxis]), to, ref count);
            for (int axis = 0; axis < TouchAxisCount; axis++)
            {
                bool changed = axis != TrackingAxis && now[axis] != before[axis];
                Add(changed, new InputEvent(InputEventType.Absolute, (ushort)(FirstTouchAxis + axis), now[axis]), to, ref count);
            }
        }
    }

    private void AddKeys(InputState told, Span<InputEvent> to, ref int count)
    {
        for (int word = 0; word < _keys.Length; word++)
        {
            for (ulong rest = _keys[word] ^ told._keys[word]; rest != 0; rest &= rest - 1)
            {
                int bit = BitOperations.TrailingZeroCount(rest);
                int value = (int)((_keys[word] >> bit) & 1);
                Add(true, new InputEvent(InputEventType.Key, (ushort)((word * WordBits) + bit), value), to, ref count);
            }
        }
    }

    private int ReadMovement(IStateReader from, int code)
    {
        int value = Math.Clamp((int)from.ReadUInt32(), -MaximumMovement, MaximumMovement);
        return _knownMovement[code] ? value : 0;
    }

    private int ReadAxis(IStateReader from, int code)
    {
        int value = (int)from.ReadUInt32();
        return _knownAxes[code] is { } axis && !IsOfSlot(axis.Code) && axis.Code != InputCode.TouchSlot ? Math.Clamp(value, axis.Minimum, axis.Maximum) : 0;
    }

    private int ReadTouch(IStateReader from, int code)
    {
        int value = (int)from.ReadUInt32();
        int lowest = code == InputCode.TouchTrackingId ? NoTouch : 0;
        return _knownAxes[code] is { } axis ? Math.Clamp(value, lowest, axis.Maximum) : 0;
    }
}
