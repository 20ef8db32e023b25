using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>
/// The part of a local APIC that orders interrupts: IRR, ISR, TMR, the task and the processor priority (Intel SDM Vol. 3,
/// section 11.8). The APIC's lock guards it.
/// </summary>
internal sealed class ApicPriorities
{
    private readonly VectorSet _requests = new();
    private readonly VectorSet _inService = new();
    private readonly VectorSet _levelTriggered = new();

    // The highest of each set, kept because they are asked for on every delivery.
    private int _highestRequest = -1;
    private int _highestInService = -1;
    private byte _taskPriority;

    public byte TaskPriority
    {
        get => _taskPriority;
        set => _taskPriority = value;
    }

    public byte ProcessorPriority
    {
        get
        {
            int inServiceClass = _highestInService & 0xF0;
            return _highestInService < 0 || (_taskPriority & 0xF0) >= inServiceClass ? _taskPriority : (byte)inServiceClass;
        }
    }

    /// <summary>True when the highest request is of a higher class than the processor priority.</summary>
    public bool HasDeliverable => _highestRequest >= 0 && (_highestRequest & 0xF0) > (ProcessorPriority & 0xF0);

    public VectorSet Requests => _requests;

    public VectorSet InService => _inService;

    public VectorSet LevelTriggered => _levelTriggered;

    public void Reset()
    {
        _requests.Clear();
        _inService.Clear();
        _levelTriggered.Clear();
        _highestRequest = -1;
        _highestInService = -1;
        _taskPriority = 0;
    }

    /// <returns>False when the vector was requested already.</returns>
    public bool Request(byte vector, bool isLevel)
    {
        bool isNew = !_requests[vector];
        _requests[vector] = true;
        _levelTriggered[vector] = isLevel;
        _highestRequest = Math.Max(_highestRequest, vector);
        return isNew;
    }

    /// <summary>Moves the highest request into service.</summary>
    /// <returns>Its vector, or -1 when none is deliverable.</returns>
    public int Take()
    {
        if (!HasDeliverable)
            return -1;
        int vector = _highestRequest;
        _requests[vector] = false;
        _inService[vector] = true;
        _highestInService = vector;
        _highestRequest = _requests.Highest;
        return vector;
    }

    /// <summary>EOI: ends the highest interrupt in service.</summary>
    /// <returns>Its vector when the IOAPIC must be told, else -1.</returns>
    public int End()
    {
        int vector = _highestInService;
        if (vector < 0)
            return -1;
        _inService[vector] = false;
        _highestInService = _inService.Highest;
        return _levelTriggered[vector] ? vector : -1;
    }

    public void Save(LocalApicState to)
    {
        to.TaskPriority = _taskPriority;
        _requests.Words.CopyTo(to.Requests);
        _inService.Words.CopyTo(to.InService);
        _levelTriggered.Words.CopyTo(to.LevelTriggered);
    }

    public void Restore(LocalApicState from)
    {
        _taskPriority = from.TaskPriority;
        from.Requests.CopyTo(_requests.Words);
        from.InService.CopyTo(_inService.Words);
        from.LevelTriggered.CopyTo(_levelTriggered.Words);
        _highestRequest = _requests.Highest;
        _highestInService = _inService.Highest;
    }
}
