namespace Hearth.Machine;

/// <summary>A thread for the longer work of one device, so that no vCPU waits for it.</summary>
public interface IWorker
{
    /// <summary>Connects what is to be called; once, before the machine runs.</summary>
    void Connect(Action work);

    /// <summary>Has it called once more, soon, but not before a call that is under way has ended. From any thread, with locks held; returns at once.</summary>
    void Request();
}
