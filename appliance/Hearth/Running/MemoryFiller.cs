using System.Diagnostics;
using Hearth.Linux;
using Hearth.Snapshots;
using Hearth.Snapshots.States;

namespace Hearth.Running;

/// <summary>
/// Gives a restored guest its memory while it runs: first what it waits for, then what it needed the last time, then all the rest. On a thread of its own, in this process: a guest's
/// own could not serve its faults, because its runtime stops for collections and a thread that waits for a page does not.
/// </summary>
/// <remarks>Serving a page twice does no harm: one that is there stays as it is. So whoever comes after a supervisor that died begins anew.</remarks>
internal sealed class MemoryFiller : IDisposable
{
    /// <summary>Pages that are read and given together: as many as the store keeps together.</summary>
    public const int GroupPages = 16;

    /// <summary>What the guest waits for in this time is to come earlier the next time; and nothing comes meanwhile that it does not wait for.</summary>
    private static readonly TimeSpan s_beginning = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_mostDeferred = TimeSpan.FromSeconds(1);

    private readonly SavedStateReader _state;
    private readonly UserFaults _faults;
    private readonly ulong _address;
    private readonly bool _learns;
    private readonly WorkingSet _workingSet;
    private readonly IReadOnlyList<int> _first;
    private readonly bool[] _given;
    private readonly List<int> _wanted = [];
    private readonly byte[] _run = new byte[GroupPages * SavedState.PageLength];
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Thread _thread;
    private Task _learning = Task.CompletedTask;
    private TimeSpan _deferred;
    private volatile bool _isEnding;

    /// <param name="state">Owned from now on.</param>
    /// <param name="faults">Of the guest's process; owned from now on.</param>
    /// <param name="address">Where RAM begins there.</param>
    /// <param name="workingSet">What comes first; it is told what the guest needed this time.</param>
    /// <param name="learns">The guest is at its beginning; false for one that was taken over in the middle.</param>
    public MemoryFiller(SavedStateReader state, UserFaults faults, ulong address, WorkingSet workingSet, bool learns)
    {
        (_state, _faults, _address, _workingSet, _first, _learns) = (state, faults, address, workingSet, workingSet.Read(), learns);
        _given = new bool[(state.State.Pages + GroupPages - 1) / GroupPages];
        _thread = new Thread(Run) { IsBackground = true, Name = $"memory of state {state.State.Id}" };
        _thread.Start();
    }

    /// <summary>Done when the guest has all of its memory; fails when it cannot have that, as when its process is gone, and is cancelled when this is disposed.</summary>
    public Task Completion => _done.Task;

    public void Dispose()
    {
        _isEnding = true;
        if (Thread.CurrentThread != _thread)
            _thread.Join();

        // Nothing is written into the guest's folder any more: it may be going.
        _learning.Wait();
        _state.Dispose();
        _faults.Dispose();
    }

    private bool IsBeginning => !_isEnding && Stopwatch.GetElapsedTime(_start) < s_beginning;

    private void Run()
    {
        try
        {
            foreach (int group in _first)
            {
                if (_isEnding)
                    break;
                _ = ServeFaults();
                if (group < _given.Length)
                    Give(group);
            }

            // What nobody has asked for would only be in the way of what is asked for now: both change the process's mappings.
            while (IsBeginning)
                WaitAndServe();
            if (!_isEnding)
                Learn();
            long page = 0;
            while (!_isEnding && _state.TryFindContent(ref page))
            {
                ServeUntilQuiet();
                Give((int)(page / GroupPages));
                page = ((page / GroupPages) + 1) * GroupPages;
            }

            if (_isEnding)
                _done.TrySetCanceled();
            _done.TrySetResult();

            // Pages of zeros are waited for until the guest's process knows that no others will come.
            while (!_isEnding)
                WaitAndServe();
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            _done.TrySetException(error);
        }
    }

    /// <summary>
    /// What the guest waits for comes first, and what it asks for next is not to wait for something that nobody has asked for; but it may ask for a page now and then for ever.
    /// </summary>
    private void ServeUntilQuiet()
    {
        while (ServeFaults() && _deferred < s_mostDeferred)
        {
            long start = Stopwatch.GetTimestamp();
            _ = Descriptors.WaitReadable(_faults.File, s_quiet);
            _deferred += Stopwatch.GetElapsedTime(start);
        }
    }

    /// <summary>
    /// What the guest waited for comes first the next time, then what came first this time; where that is too much, the oldest is given up. Nothing is learned of one that was taken over
    /// in the middle. Written by another thread: the guest may wait for a page now.
    /// </summary>
    private void Learn()
    {
        if (!_learns)
            return;
        int[] learned = [.. _wanted.Concat(_first).Distinct()];
        _learning = Task.Run(() => _workingSet.Write(learned));
    }

    private void WaitAndServe()
    {
        // A process that is gone makes its faults readable for ever, and has none.
        if (!Descriptors.WaitReadable(_faults.File, s_pace) || !ServeFaults())
            Thread.Sleep(1);
    }

    /// <returns>True when there were any.</returns>
    private bool ServeFaults()
    {
        bool hadAny = false;
        while (!_isEnding && _faults.TryTakeFault(out ulong address))
        {
            long page = (long)((address - _address) / SavedState.PageLength);
            if (address < _address || page >= _state.State.Pages)
                throw new GuestRunException("the guest's process asked for memory that the guest does not have");
            int group = (int)(page / GroupPages);
            if (!_given[group] && IsBeginning)
                _wanted.Add(group);
            Give(group);

            // A page of zeros is in no run; and one that is there already only has to be told so.
            Require(_faults.TryZero(address));
            hadAny = true;
        }

        return hadAny;
    }

    private void Give(int group)
    {
        if (_given[group])
            return;
        _given[group] = true;
        long first = (long)group * GroupPages;
        long end = Math.Min(first + GroupPages, _state.State.Pages);
        for (long page = first; page < end; page++)
        {
            int length = 0;
            long start = page;
            for (; page < end && _state.HasContent(page); page++, length += SavedState.PageLength)
                _state.Read(page, _run.AsSpan(length, SavedState.PageLength));
            if (length > 0)
                Require(_faults.TryCopy(_address + ((ulong)start * SavedState.PageLength), _run.AsSpan(0, length)));
        }
    }

    private static void Require(bool isThere)
    {
        if (!isThere)
            throw new GuestRunException("its memory could not be given to it");
    }
}
