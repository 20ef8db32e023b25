using Hearth.House;
using LiteDB;

namespace Hearth.Store;

/// <summary>
/// The file <c>hearth.db</c>: changes are transactions, and what <see cref="Change{T}"/> has returned from is on stable storage. LiteDB by itself is content when the
/// kernel has its pages. One lock for everything: the store is small, and whoever waits does so for one flush of a disk.
/// </summary>
internal sealed class StoreFile : IDisposable
{
    /// <summary>Bytes of journal after which a checkpoint moves them to where they belong.</summary>
    private const long LongJournal = 256 * PageStream.PageSize;

    private readonly Lock _lock = new();
    private readonly StorePaths _paths;
    private readonly DataFile _data;
    private readonly JournalFile _journal;

    // Owned by the lock, like everything below; null after a failure, until it is needed again.
    private LiteDatabase? _database;

    /// <summary>Bytes of the journal that are on stable storage: what is behind them was never reported as done.</summary>
    private long _durable;
    private bool _isChanging;
    private bool _isDisposed;

    private StoreFile(StorePaths paths)
    {
        _paths = paths;
        _data = new DataFile(paths.Data);
        _journal = new JournalFile(paths.Journal);
        _durable = _journal.Length;
    }

    /// <summary>Opens a store, makes it where there is none, and brings it to a schema's version.</summary>
    /// <exception cref="StoreException">It is damaged or of a later version, and stays as it is.</exception>
    public static StoreFile Open(StorePaths paths, Schema schema)
    {
        int version = StoreInspection.Run(paths);
        if (version > schema.Version)
        {
            throw new StoreException(
                $"{paths.Data} was written by a later Hearth (schema {version}, and this one knows {schema.Version}) and was left as it is: use that Hearth, or `hearth up --from-backup FILE` with a copy from before");
        }

        var file = new StoreFile(paths);
        try
        {
            file.Prepare(version, schema);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public T Read<T>(Func<LiteDatabase, T> read)
    {
        lock (_lock)
        {
            try
            {
                return read(OpenedLocked());
            }
            catch (Exception error) when (IsEngines(error))
            {
                AbandonLocked();
                throw new StoreException($"{_paths.Data} cannot be read ({error.Message.TrimEnd('.')}): `hearth up` tells more when it starts again", error);
            }
        }
    }

    public void Change(Action<LiteDatabase> change) => Change(database =>
    {
        change(database);
        return true;
    });

    /// <summary>Changes documents: all of it or, by an exception, nothing. A change within a change is part of it.</summary>
    /// <returns>What <paramref name="change"/> returns, once it is on stable storage.</returns>
    /// <exception cref="StoreException">It cannot be written, and was not.</exception>
    public T Change<T>(Func<LiteDatabase, T> change)
    {
        lock (_lock)
        {
            if (_isChanging)
                return change(OpenedLocked());
            T result = ChangeLocked(change);
            if (_journal.Length > LongJournal)
                TryCheckpointLocked();
            return result;
        }
    }

    /// <summary>Copies the store, as it is now, to another name.</summary>
    /// <exception cref="StoreException">It cannot be written.</exception>
    public void CopyTo(string path)
    {
        lock (_lock)
        {
            try
            {
                CheckpointLocked();
                _paths.CopyData(path);
            }
            catch (Exception error) when (IsEngines(error))
            {
                AbandonLocked();
                throw new StoreException($"{path} cannot be written: {error.Message.TrimEnd('.')}", error);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            if (_database is not null)
                TryCheckpointLocked();
            _database?.Dispose();
            _isDisposed = true;
            _data.Dispose();
            _journal.Dispose();
        }
    }

    private void Prepare(int version, Schema schema)
    {
        lock (_lock)
        {
            if (version == 0)
            {
                // A journal that LiteDB empties by itself would be emptied between a commit and its flush.
                OpenedLocked().CheckpointSize = 0;
                _journal.Flush();
                _durable = _journal.Length;
                Change(database => Schema.Write(database, schema.Version));
                StorePaths.Synchronize(_paths.Home);
            }
        }

        foreach (Migration migration in version == 0 ? [] : schema.After(version))
        {
            CopyTo(_paths.BeforeMigration(migration.To));
            Change(database =>
            {
                migration.Apply(database);
                Schema.Write(database, migration.To);
            });
        }
    }

    private T ChangeLocked<T>(Func<LiteDatabase, T> change)
    {
        _isChanging = true;
        try
        {
            LiteDatabase database = OpenedLocked();
            database.BeginTrans();
            T result = change(database);
            database.Commit();
            _journal.Flush();
            _durable = _journal.Length;
            return result;
        }
        catch (Exception error)
        {
            AbandonLocked();
            if (!IsEngines(error))
                throw;
            throw new StoreException($"{_paths.Data} cannot be written ({error.Message.TrimEnd('.')}), and nothing was changed: see that its disk has room and works", error);
        }
        finally
        {
            _isChanging = false;
        }
    }

    /// <summary>A checkpoint that fails costs nothing: the journal has all of it, and the next one tries again.</summary>
    private void TryCheckpointLocked()
    {
        try
        {
            CheckpointLocked();
        }
        catch (Exception error) when (IsEngines(error))
        {
            AbandonLocked();
        }
    }

    private void CheckpointLocked()
    {
        OpenedLocked().Checkpoint();
        _durable = _journal.Length;
    }

    private LiteDatabase OpenedLocked()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _database ??= new LiteDatabase(_data, null, _journal);
    }

    /// <summary>Gives up what LiteDB has in memory, which a failure may have left half changed, and what it wrote since the last change that was done.</summary>
    private void AbandonLocked()
    {
        _database?.Dispose();
        _database = null;
        if (!_isDisposed && _journal.Length > _durable)
            _journal.SetLength(_durable);
    }

    /// <summary>LiteDB lets whatever comes of a broken file or a full disk out as it is; what the house throws within a change is not LiteDB's.</summary>
    private static bool IsEngines(Exception error) => error is not (HouseException or StoreException or ObjectDisposedException or OperationCanceledException);
}
